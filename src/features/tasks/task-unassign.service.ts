import { unitOfWork, type WorkOrigin } from '../../db/unit-of-work.ts';
import { objectId } from '../../db/base-schema.ts';
import { EventModel, type NumberedEvent } from '../../events/index.ts';
import { isMemberNow } from '../projects/index.ts';
import { TaskModel, type StoredTask } from './task.model.ts';
import { recordTask } from './task-record.service.ts';

const batchSize = 100;

interface Following {
  readonly origin: WorkOrigin;
  once<T>(key: string, read: () => Promise<T>): Promise<T>;
}

/**
 * Follows the log: whoever is no longer in a project loses its open tasks, also one that was given to them by a request
 * that did not know yet.
 */
export async function unassignWhoIsGone(event: NumberedEvent, { origin, once }: Following): Promise<void> {
  const projectId = event.projectId?.toHexString();
  const userId = await whoMayBeGone(event);
  if (projectId === undefined || userId === null) return;
  // Judged by the present: they may have come back since.
  const isMember = await once(`${projectId} ${userId}`, () => isMemberNow(projectId, userId));
  if (isMember || (await isRemovedLater(event, userId))) return;
  await unassignOpenTasks(origin, projectId, userId);
}

/** Whether the removal comes later in the log: then it, and whoever removed them, takes the tasks away. */
async function isRemovedLater({ seq, projectId }: NumberedEvent, userId: string): Promise<boolean> {
  const removal = { 'subject.id': userId, projectId, name: 'member.removed' };
  const found = await EventModel.exists({
    ...removal,
    $or: [{ seq: { $gt: seq } }, { seq: { $exists: false } }],
  });
  return found !== null;
}

/** The person the event says was removed, or was given an open task. */
async function whoMayBeGone({ name, subject, changes, data }: NumberedEvent): Promise<string | null> {
  if (name === 'member.removed') return subject.id;
  if (name === 'task.restored' || name === 'task.reopened') {
    // It kept its assignee while it was no open task.
    const task = await TaskModel.findById(subject.id, { assigneeId: 1 }).lean();
    return task?.assigneeId?.toHexString() ?? null;
  }
  const given = changes.find(({ field }) => field === 'assigneeId')?.to ?? data['assigneeId'];
  return typeof given === 'string' ? given : null;
}

/** Takes a person off every open task of a project, in batches, each task with its event. */
async function unassignOpenTasks(origin: WorkOrigin, projectId: string, userId: string): Promise<void> {
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
        recordTask(work, 'task.assigned', task, after);
      }
      return batch.length;
    });
    if (count < batchSize) return;
  }
}
