import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProjectModel } from '../../src/features/projects/project.model.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { startApp, type Person, type TestApp } from '../app.ts';

/** What the copy knows of a task: only what the API shows. */
interface Copy {
  id: string;
  projectId: string;
  number: number;
  title: string;
  status: string;
  category: string;
  priority: string;
  assigneeId: string | null;
  createdBy: string;
  dueDate: string | null;
  rank: string;
  createdAt: number;
  updatedAt: number;
  isDeleted: boolean;
}

/** A question to the list, in the words of the query string. */
interface Question {
  projectId?: string | undefined;
  assigneeId?: string[] | undefined;
  createdBy?: string[] | undefined;
  status?: string[] | undefined;
  category?: string[] | undefined;
  priority?: string[] | undefined;
  dueBefore?: string | undefined;
  dueAfter?: string | undefined;
  overdue?: string | undefined;
  updatedSince?: string | undefined;
  q?: string | undefined;
  deleted?: string | undefined;
}

const priorities = ['none', 'low', 'medium', 'high', 'urgent'];
const categories: Record<string, string> = {
  backlog: 'backlog',
  todo: 'todo',
  in_progress: 'in_progress',
  in_review: 'in_progress',
  done: 'done',
  dropped: 'cancelled',
};
const dayMs = 86_400_000;

let api: TestApp;
let reader: Person;
let other: Person;
let projects: { id: string; key: string }[];
let copies: Copy[];
let zone = 'UTC';

beforeAll(async () => {
  api = await startApp();
  // Half past noon in UTC: the day is another one at both ends of the world, and ends nowhere during the test.
  const now = new Date();
  const noon = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1, 12, 30);
  api.clock.advance(noon - now.getTime());
  [reader, other] = [await api.register('Reader'), await api.register('Other')];
  const made = [
    await makeProject(reader),
    await makeProject(other, [reader]),
    await makeProject(reader, [other]),
  ];
  const hidden = await makeProject(other);
  projects = made;
  await fill([...made, hidden]);
  const stored = await TaskModel.find({ projectId: { $in: made.map(({ id }) => id) } }).lean();
  copies = stored.map((task) => ({
    id: task._id.toHexString(),
    projectId: task.projectId.toHexString(),
    number: task.number,
    title: task.title,
    status: task.status,
    category: categories[task.status] ?? '',
    priority: task.priority,
    assigneeId: task.assigneeId?.toHexString() ?? null,
    createdBy: task.createdBy.toHexString(),
    dueDate: task.dueDate,
    rank: task.rank,
    createdAt: task.createdAt.getTime(),
    updatedAt: task.updatedAt.getTime(),
    isDeleted: task.deletedAt !== null,
  }));
});
afterAll(() => api.close());

const post = async (person: Person, path: string, body: object) => {
  const answer = await api.request('POST', path, { token: person.token, body });
  expect(answer.status).toBe(201);
  return answer.body;
};

async function makeProject(
  owner: Person,
  collaborators: Person[] = [],
): Promise<{ id: string; key: string }> {
  const collaboratorIds = collaborators.map(({ user }) => user.id);
  const project = await post(owner, '/api/projects', { name: 'Walk', collaboratorIds });
  const dropped = { key: 'dropped', name: 'Dropped', category: 'cancelled', color: '#000000' };
  await ProjectModel.updateOne({ _id: project.id }, { $push: { statuses: dropped } });
  api.instance.deps.caches.projects.drop(String(project.id));
  return project;
}

const words = [
  'Äpfel',
  'apple',
  'Über',
  'uber',
  'plan',
  'Planning',
  'ﬁle',
  '日本語',
  'x1',
  '3D',
  'don’t',
  'WEB-1',
];
const dueDate = () =>
  fc.oneof(
    fc.constant(null),
    fc.integer({ min: -3, max: 3 }).map((days) => dayAt(api.clock.now().getTime() + days * dayMs)),
    fc
      .integer({ min: -72, max: 72 })
      .map((hours) => new Date(api.clock.now().getTime() + hours * 3_600_000 - 60_000).toISOString()),
    fc.constant('2026-01-01T00:30:00+02:00'),
  );

/** About 170 tasks; some are changed afterwards, some lie in the trash. */
async function fill(all: { id: string }[]): Promise<void> {
  const people = () => fc.constantFrom(reader, other);
  const draft = fc.record({
    project: fc.constantFrom(...all),
    by: people(),
    title: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 }).map((some) => some.join(' ')),
    status: fc.constantFrom(...Object.keys(categories)),
    priority: fc.constantFrom(...priorities),
    assignee: fc.option(people()),
    dueDate: dueDate(),
    fate: fc.constantFrom('kept', 'kept', 'kept', 'changed', 'deleted'),
  });
  const hidden = all.at(-1);
  const drafts = fc.sample(draft, 170);
  const batches = Array.from({ length: Math.ceil(drafts.length / 10) }, (_, at) =>
    drafts.slice(at * 10, at * 10 + 10),
  );
  for (const batch of batches) {
    await Promise.all(
      batch.map(async ({ project, by, assignee, fate, ...fields }) => {
        const isOthers = project === hidden || project === all[1];
        const author = project === all[0] ? reader : isOthers && project === hidden ? other : by;
        const mayBeAssigned = assignee !== null && (project === all[1] || project === all[2]);
        const assigneeId = mayBeAssigned ? assignee.user.id : null;
        const { id } = await post(author, '/api/tasks', { ...fields, projectId: project.id, assigneeId });
        const path = `/api/tasks/${String(id)}`;
        if (fate === 'deleted') await api.request('DELETE', path, { token: author.token });
        if (fate === 'changed')
          await api.request('PATCH', path, { token: author.token, body: { description: 'changed' } });
      }),
    );
  }
}

const dayAt = (ms: number, timeZone = 'UTC'): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    ms,
  );
const dueAt = (due: string): number => Date.parse(due.length === 10 ? `${due}T23:59:59.999Z` : due);

function isOverdue({ category, dueDate: due }: Copy): boolean {
  if (due === null || category === 'done' || category === 'cancelled') return false;
  const now = api.clock.now().getTime();
  return due.length === 10 ? due < dayAt(now, zone) : Date.parse(due) < now;
}

const wordsOf = (text: string): string[] =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? [];

function isFound(task: Copy, q: string): boolean {
  return q.split(' ').every((token) => {
    const [, key, digits = ''] = /^([a-z]+)-(\d+)$/i.exec(token) ?? [];
    const keyed = projects.filter((project) => project.key === key?.toUpperCase());
    if (keyed.length > 0)
      return keyed.some(({ id }) => id === task.projectId) && String(task.number).startsWith(digits);
    return wordsOf(token).every((asked) => wordsOf(task.title).some((word) => word.startsWith(asked)));
  });
}

/** The same question asked of the copy. */
function answerOf(question: Question): Copy[] {
  const among = (allowed: string[] | undefined, value: string) => allowed?.includes(value) ?? true;
  const person = (value: string) => (value === 'me' ? reader.user.id : value);
  return copies.filter(
    (task) =>
      task.isDeleted === (question.deleted === 'true') &&
      (question.projectId === undefined || task.projectId === question.projectId) &&
      among(question.assigneeId?.map(person), task.assigneeId ?? 'none') &&
      among(question.createdBy?.map(person), task.createdBy) &&
      among(question.status, task.status) &&
      among(question.category, task.category) &&
      among(question.priority, task.priority) &&
      (question.dueBefore === undefined ||
        (task.dueDate !== null && dueAt(task.dueDate) < Date.parse(question.dueBefore))) &&
      (question.dueAfter === undefined ||
        (task.dueDate !== null && dueAt(task.dueDate) > Date.parse(question.dueAfter))) &&
      (question.overdue === undefined || isOverdue(task) === (question.overdue === 'true')) &&
      (question.updatedSince === undefined || task.updatedAt >= Date.parse(question.updatedSince)) &&
      (question.q === undefined || isFound(task, question.q)),
  );
}

const sortValues: Record<string, (task: Copy) => string | number | null> = {
  rank: (task) => task.rank,
  dueDate: (task) => (task.dueDate === null ? null : dueAt(task.dueDate)),
  priority: (task) => priorities.indexOf(task.priority),
  createdAt: (task) => task.createdAt,
  updatedAt: (task) => task.updatedAt,
  number: (task) => task.number,
};

/** The sort values in the order a list must have them: nulls last in either direction. */
function inOrder(tasks: Copy[], sort: string): (string | number | null)[] {
  const valueOf = sortValues[sort.replace('-', '')] ?? (() => null);
  const values = tasks.map(valueOf);
  const sorted = values
    .filter((value) => value !== null)
    .sort((a, b) => (a === b ? 0 : (a < b ? -1 : 1) * (sort.startsWith('-') ? -1 : 1)));
  return [...sorted, ...values.filter((value) => value === null)];
}

async function walk(question: Question, sort: string, limit: number): Promise<string[]> {
  const asked = Object.fromEntries(
    Object.entries(question).filter(([, value]) => value !== undefined),
  ) as Record<string, string | string[]>;
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...asked, sort, limit: String(limit), ...(cursor !== undefined && { cursor }) };
    const { status, body } = await api.request('GET', '/api/tasks', { token: reader.token, query });
    expect(status).toBe(200);
    const items = body.items as { id: string }[];
    expect(items.length).toBeLessThanOrEqual(limit);
    ids.push(...items.map(({ id }) => id));
    cursor = (body.nextCursor as string | null) ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

const some = (...values: string[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const moment = () =>
  fc
    .integer({ min: -80, max: 80 })
    .map((hours) => new Date(api.clock.now().getTime() + hours * 3_600_000).toISOString());
const sorts = Object.keys(sortValues).flatMap((field) => [field, `-${field}`]);

const questions = (): fc.Arbitrary<Question> =>
  fc.record({
    projectId: sometimes(fc.constantFrom(...projects.map(({ id }) => id))),
    assigneeId: sometimes(some('me', 'none', other.user.id)),
    createdBy: rarely(some('me', other.user.id, 'f'.repeat(24))),
    status: sometimes(some(...Object.keys(categories), 'no_such_status')),
    category: rarely(some('backlog', 'todo', 'in_progress', 'done', 'cancelled')),
    priority: sometimes(some(...priorities)),
    dueBefore: sometimes(moment()),
    dueAfter: rarely(moment()),
    overdue: sometimes(fc.constantFrom('true', 'false')),
    updatedSince: rarely(fc.constantFrom(...copies.map((task) => new Date(task.updatedAt).toISOString()))),
    q: sometimes(
      fc
        .array(
          fc.constantFrom(
            'ap',
            'Ä',
            'UB',
            'über',
            'plan',
            'fi',
            '日',
            'x',
            '3d',
            'don’t',
            't',
            'zzz',
            'web-1',
            `${projects[0]?.key ?? ''}-1`,
            `${projects[1]?.key.toLowerCase() ?? ''}-2`,
          ),
          { minLength: 1, maxLength: 2 },
        )
        .map((tokens) => tokens.join(' ')),
    ),
    deleted: rarely(fc.constantFrom('true', 'false')),
  });
const limits = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 8, max: 60 }) }, fc.constantFrom(2, 200));

async function expectSame(question: Question, sort: string, limit: number): Promise<void> {
  const expected = answerOf(question);
  const walked = await walk(question, sort, limit);
  expect([...walked].sort()).toEqual(expected.map(({ id }) => id).sort());
  const byId = new Map(expected.map((task) => [task.id, task]));
  const inWalkOrder = walked.flatMap((id) => byId.get(id) ?? []);
  expect(inWalkOrder.map(sortValues[sort.replace('-', '')] ?? (() => null))).toEqual(inOrder(expected, sort));
}

describe('a list of tasks walked to its end', () => {
  it('gives each task of every visible project once, in every order and at every page size', async () => {
    for (const sort of sorts) for (const limit of [7, 200]) await expectSame({}, sort, limit);
    expect(answerOf({}).length).toBeGreaterThan(60);
  });

  it('equals the same question asked of a copy in memory, whatever the filters', async () => {
    await fc.assert(fc.asyncProperty(questions(), fc.constantFrom(...sorts), limits, expectSame), {
      numRuns: 150,
    });
  });

  it('equals it for one filter at a time, which finds something more often', async () => {
    const single = questions().chain((question) =>
      fc
        .constantFrom(...(Object.keys(question) as (keyof Question)[]))
        .map((name): Question => ({ [name]: question[name] })),
    );
    await fc.assert(fc.asyncProperty(single, fc.constantFrom(...sorts), limits, expectSame), {
      numRuns: 60,
    });
  });

  it.each(['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'America/New_York'])(
    'knows when days are over for a reader in %s',
    async (timeZone) => {
      const answer = await api.request('PATCH', '/api/users/me', { token: reader.token, body: { timeZone } });
      expect(answer.status).toBe(200);
      zone = timeZone;
      for (const overdue of ['true', 'false']) await expectSame({ overdue }, '-dueDate', 9);
      expect(answerOf({ overdue: 'true' }).length).toBeGreaterThan(0);
      zone = 'UTC';
      await api.request('PATCH', '/api/users/me', { token: reader.token, body: { timeZone: 'UTC' } });
    },
  );

  it('counts what it finds', async () => {
    const query = { count: 'true', limit: '1', priority: ['high', 'urgent'] };
    const { body } = await api.request('GET', '/api/tasks', { token: reader.token, query });
    expect(body.total).toBe(answerOf({ priority: ['high', 'urgent'] }).length);
    expect(body).not.toHaveProperty('totalIsCapped');
  });
});
