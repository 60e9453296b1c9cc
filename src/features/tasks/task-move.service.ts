import type { z } from 'zod';
import { admitChange } from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import type { Work } from '../../db/unit-of-work.ts';
import { Problem } from '../../errors/index.ts';
import type { Ctx, Writing } from '../../context.ts';
import { rankAtEnd, rankBetween } from './rank.ts';
import { reserveEnd } from './task-counter.service.ts';
import { loadTask } from './task-entry.service.ts';
import { TaskModel, type StoredTask } from './task.model.ts';
import type { TaskInProject } from './task.presenter.ts';
import type { TaskMove } from './task.schema.ts';
import { saveTask, statusFields } from './task.service.ts';

type Move = z.output<typeof TaskMove>;

/** Places a task in a column before or after a neighbour, or at the column's end. Throws `task.move_target`, `task.unknown_status`. */
export async function moveTask(ctx: Writing<Ctx>, id: string, move: Move): Promise<TaskInProject> {
  const { task, project } = await loadTask(ctx, id);
  await admitChange(ctx, 'task.move', project, task);
  const status = move.status ?? task.status;
  const column = status === task.status ? {} : statusFields(ctx, project, task, status);
  const rank = await rankFor(ctx.work, task, status, move);
  return { task: saveTask(ctx, task, { ...column, rank }), project };
}

async function rankFor(
  work: Work,
  task: StoredTask,
  status: string,
  { before, after }: Move,
): Promise<string> {
  const end = async (): Promise<string> => rankAtEnd(await reserveEnd(work, task.projectId.toHexString()));
  const neighbourId = before ?? after;
  if (neighbourId === undefined) return end();
  const neighbour = await findNeighbour(
    task,
    status,
    neighbourId,
    before === undefined ? '/body/after' : '/body/before',
  );
  if (before !== undefined) {
    const previous = await nextInColumn(task, status, neighbour.rank, -1);
    return rankBetween(previous?.rank, neighbour.rank);
  }
  const next = await nextInColumn(task, status, neighbour.rank, 1);
  return next === null ? end() : rankBetween(neighbour.rank, next.rank);
}

async function findNeighbour(
  task: StoredTask,
  status: string,
  id: string,
  pointer: string,
): Promise<StoredTask> {
  const scope = { _id: objectId(id), projectId: task.projectId, trashed: false, status };
  const neighbour = id === task._id.toHexString() ? null : await TaskModel.findOne(scope).lean<StoredTask>();
  if (neighbour !== null) return neighbour;
  throw new Problem('task.move_target', {
    errors: [{ pointer, detail: 'must be another task in the same column of the project' }],
  });
}

/** The nearest task of a column whose rank is strictly beyond; ties are passed over together. */
async function nextInColumn(
  task: StoredTask,
  status: string,
  rank: string,
  direction: 1 | -1,
): Promise<StoredTask | null> {
  const beyond = direction === 1 ? { $gt: rank } : { $lt: rank };
  return TaskModel.findOne({
    projectId: task.projectId,
    trashed: false,
    status,
    rank: beyond,
    _id: { $ne: task._id },
  })
    .sort({ rank: direction, _id: direction })
    .lean<StoredTask>();
}
