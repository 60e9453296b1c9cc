import { unitOfWork, type WorkOrigin } from '../../db/unit-of-work.ts';
import { objectId } from '../../db/base-schema.ts';
import { fieldChanges } from '../../events/index.ts';
import { TaskModel, type StoredTask } from './task.model.ts';

const batchSize = 100;

/** Takes a person off every open task of a project, in batches, each task with its event. */
export async function unassignOpenTasks(
  origin: WorkOrigin,
  projectId: string,
  userId: string,
): Promise<void> {
  const mine = {
    projectId: objectId(projectId),
    trashed: false,
    assigneeId: objectId(userId),
    category: { $nin: ['done', 'cancelled'] },
  } as const;
  for (;;) {
    const count = await unitOfWork(origin, async (work) => {
      const batch = await TaskModel.find(mine).limit(batchSize).lean<StoredTask[]>();
      for (const task of batch) {
        const after = work.update(TaskModel, task, { assigneeId: null });
        work.record('task.assigned', {
          projectId: task.projectId,
          subject: { type: 'task', id: task._id, version: after.version },
          changes: fieldChanges(task, after, ['assigneeId']),
          data: { number: task.number, title: task.title },
        });
      }
      return batch.length;
    });
    if (count < batchSize) return;
  }
}
