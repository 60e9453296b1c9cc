import type { z } from 'zod';
import { abilities, type KnownProject } from '../../access/index.ts';
import { bson, byteAt, documentFrom, numberIn, type Located, type StoredBytes } from '../../db/bson-bytes.ts';
import {
  beginJson,
  compileRows,
  endJson,
  putJson,
  putNumber,
  storedFields,
  type Field,
  type JsonWriter,
} from '../../db/raw-json.ts';
import type { Ctx } from '../../context.ts';
import { jsonText, type JsonText } from '../../schemas/json-text.ts';
import { noNumber } from './task-number.ts';
import type { StoredTask } from './task.model.ts';
import { presentTask } from './task.presenter.ts';
import type { FoundTasks } from './task.queries.ts';
import { Task, type TaskPage } from './task.schema.ts';

/** What of a project and its reader goes into each of the project's tasks. */
interface Surroundings {
  /** `"WEB-` in UTF-8: how the keys of its tasks begin. */
  keyBeginning: Buffer;
  readerId: Buffer;
  /** The field `can` of a task by the reader or by somebody else, in the trash or not. */
  can(isAuthor: boolean, trashed: boolean): Buffer;
}

type Written<Value> = Field<Surroundings, Value>;

const number: Written<number | null> = {
  from: ['number'],
  write: (out, found, [slot = 0]) => putNumberOf(out, found, slot),
};

const key: Written<string | null> = {
  from: ['number'],
  write: (out, found, [slot = 0], { keyBeginning }) => {
    putJson(out, keyBeginning);
    if (!putNumberOf(out, found, slot)) return false;
    putJson(out, quote);
    return true;
  },
};

function putNumberOf(out: JsonWriter, found: Located, slot: number): boolean {
  const value = numberIn(found, slot);
  if (value === undefined || value === noNumber) return false;
  putNumber(out, value);
  return true;
}

const can: Written<string[]> = {
  from: ['createdBy', 'trashed'],
  write: (out, { bytes, types, starts }, [author = 0, trash = 0], { readerId, can: textOf }) => {
    if (types[author] !== bson.objectId || types[trash] !== bson.boolean) return false;
    const authorAt = starts[author] ?? 0;
    let same = 0;
    while (same < readerId.length && bytes[authorAt + same] === readerId[same]) same += 1;
    putJson(out, textOf(same === readerId.length, byteAt(bytes, starts[trash] ?? 0) === 1));
    return true;
  },
};

const quote = Buffer.from('"');
const stored = storedFields<StoredTask>();

/** One line a field: a field of the schema that is missing here, or is something else there, does not compile. */
const makeWriter = compileRows<Surroundings, z.output<typeof Task>>(
  Task.keyof().options,
  {
    id: stored.id('_id'),
    key,
    number,
    projectId: stored.id('projectId'),
    title: stored.text('title'),
    description: stored.text('description'),
    status: stored.text('status'),
    category: stored.text('category'),
    priority: stored.text('priority'),
    assigneeId: stored.idOrNull('assigneeId'),
    dueDate: stored.textOrNull('dueDate'),
    rank: stored.text('rank'),
    createdBy: stored.id('createdBy'),
    completedAt: stored.timeOrNull('completedAt'),
    can,
    createdAt: stored.time('createdAt'),
    updatedAt: stored.time('updatedAt'),
    deletedAt: stored.timeOrNull('deletedAt'),
    version: stored.number('version'),
  },
  'projectId',
);

const usualBytes = 800;

/**
 * A page of tasks as the actor sees them, written from stored bytes straight to JSON: the same text as of
 * `presentTask`, which stays the reference and presents documents that are not as declared.
 */
export function presentTaskPage(ctx: Ctx, found: FoundTasks): JsonText<z.input<typeof TaskPage>> {
  const { items, projects, ...rest } = found;
  const writer = makeWriter();
  const surroundings = new Map<string, Surroundings>();
  const out = beginJson(usualBytes * (items.length + 1));
  putJson(out, opening);
  let isFirst = true;
  for (const bytes of items) {
    const projectId = writer.read(bytes) ?? '';
    const project = projects.get(projectId);
    if (project === undefined) continue;
    const around = surroundings.get(projectId) ?? surroundingsOf(ctx, project);
    surroundings.set(projectId, around);
    if (!isFirst) putJson(out, comma);
    isFirst = false;
    if (!writer.write(out, around)) putJson(out, presentedSlowly(ctx, bytes, project));
  }
  putJson(out, Buffer.from(`],${JSON.stringify(rest).slice(1)}`));
  return jsonText(endJson(out));
}

const [opening, comma] = [Buffer.from('{"items":['), Buffer.from(',')];

function surroundingsOf(ctx: Ctx, project: KnownProject): Surroundings {
  const { userId } = ctx.actor;
  const texts = new Map<number, Buffer>();
  return {
    keyBeginning: Buffer.from(`"${project.key}-`),
    readerId: Buffer.from(userId, 'hex'),
    // The table of permissions knows the author and the trash, nothing else of a task.
    can: (isAuthor, trashed) => {
      const name = Number(isAuthor) + 2 * Number(trashed);
      const known = texts.get(name);
      if (known !== undefined) return known;
      const facts = { ...(isAuthor && { authorId: userId }), trashed };
      const text = Buffer.from(JSON.stringify(abilities(ctx, 'task', project, facts)));
      texts.set(name, text);
      return text;
    },
  };
}

function presentedSlowly(ctx: Ctx, bytes: StoredBytes, project: KnownProject): Buffer {
  const task = documentFrom<StoredTask>(bytes);
  ctx.log.error({ taskId: String(task._id) }, 'a stored task is not as declared');
  return Buffer.from(JSON.stringify(presentTask(ctx, { task, project })));
}
