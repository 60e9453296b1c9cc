import type { QueryFilter } from 'mongoose';
import type { z } from 'zod';
import { authorize } from '../../access/index.ts';
import { capped } from '../../db/keyset.ts';
import type { Ctx } from '../../context.ts';
import { countEvents, logCursors, readLogBackwards, type StoredEvent } from '../../events/index.ts';
import { enterProject } from '../projects/index.ts';
import { loadTask } from '../tasks/index.ts';
import { presentEvent } from './activity.presenter.ts';
import type { ActivityQuery } from './activity.schema.ts';
import { peopleBehind } from './people.queries.ts';

type Query = z.output<typeof ActivityQuery>;

/** What happened to a task, also to one in the trash. Throws `task.not_found`, `request.invalid_cursor`. */
export async function listTaskActivity(ctx: Ctx, id: string, query: Query) {
  const { task, project } = await loadTask(ctx, id, { trashed: true });
  authorize(ctx, 'task.read', project);
  const about = { 'subject.id': task._id.toHexString(), 'subject.type': 'task' };
  return newestFirst(about, query, `activity task ${id}`);
}

/** What happened in a project. Throws `project.not_found`, `request.invalid_cursor`. */
export async function listProjectActivity(ctx: Ctx, id: string, query: Query) {
  const project = await enterProject(ctx, id);
  authorize(ctx, 'project.read', project);
  return newestFirst({ projectId: project._id }, query, `activity project ${id}`);
}

const mostCounted = 1_001;

async function newestFirst(
  filter: QueryFilter<StoredEvent>,
  { limit, cursor, count }: Query,
  binding: string,
) {
  const cursors = logCursors(binding);
  const before = cursor === undefined ? undefined : cursors.read(cursor);
  const [found, total] = await Promise.all([
    readLogBackwards({ filter, limit: limit + 1, ...(before !== undefined && { before }) }),
    count === true ? countEvents(filter, mostCounted) : undefined,
  ]);
  const events = found.slice(0, limit);
  const people = await peopleBehind(events);
  const last = found.length > limit ? events.at(-1) : undefined;
  return {
    items: events.map((event) => presentEvent(event, people)),
    nextCursor: last === undefined ? null : cursors.write(last.seq),
    ...(total !== undefined && capped(total)),
  };
}
