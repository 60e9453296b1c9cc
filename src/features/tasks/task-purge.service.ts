import type { Types } from 'mongoose';
import { unitOfWork } from '../../db/unit-of-work.ts';
import type { JobCtx } from '../../jobs/index.ts';
import { expiredTrash } from '../projects/index.ts';
import { TaskModel, type StoredTask } from './task.model.ts';
import { recordTask } from './task-record.service.ts';

const batchSize = 100;

/**
 * Removes the tasks that have been in the trash for too long, in batches. Each is condemned first, with its event and
 * once, then removed: whoever is stopped in between leaves what the next one goes on with.
 */
export async function purgeTasks(ctx: JobCtx): Promise<void> {
  for (;;) {
    ctx.signal.throwIfAborted();
    const condemned = await condemnSome(ctx);
    if (condemned.length === 0) return;
    await remove(ctx, condemned);
  }
}

function condemnSome(ctx: JobCtx): Promise<Types.ObjectId[]> {
  return unitOfWork(ctx.origin, async (work) => {
    const tasks = await TaskModel.find({ ...expiredTrash(ctx.now(), ctx.deps.config), trashed: true })
      .sort({ deletedAt: 1 })
      .limit(batchSize)
      .lean<StoredTask[]>();
    for (const task of tasks) {
      if (task.purgedAt !== undefined) continue;
      const condemned = work.update(TaskModel, task, { purgedAt: ctx.now() });
      recordTask(work, 'task.purged', task, condemned);
    }
    return tasks.map(({ _id }) => _id);
  });
}

/** Removes every task of a project that goes for good, in batches; the event of the project speaks for them. */
export async function emptyProject(ctx: JobCtx, projectId: Types.ObjectId): Promise<void> {
  for (;;) {
    ctx.signal.throwIfAborted();
    const tasks = await TaskModel.find({ projectId }, { _id: 1 }).limit(batchSize).lean();
    if (tasks.length === 0) return;
    await remove(
      ctx,
      tasks.map(({ _id }) => _id),
    );
  }
}

const remove = (ctx: JobCtx, ids: readonly Types.ObjectId[]): Promise<void> =>
  unitOfWork(ctx.origin, async (work) => {
    work.deleteWhere(TaskModel, { _id: { $in: [...ids] } });
  });
