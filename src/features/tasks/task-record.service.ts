import type { Work } from '../../db/unit-of-work.ts';
import { fieldChanges } from '../../events/index.ts';
import { recordedFields } from './task.events.ts';
import type { StoredTask } from './task.model.ts';

/** Records what happened to a task, with everything that changed since `before`. */
export function recordTask(
  work: Work,
  name: string,
  before: StoredTask | undefined,
  after: StoredTask,
): void {
  work.record(name, {
    projectId: after.projectId,
    subject: { type: 'task', id: after._id, version: after.version },
    changes: fieldChanges(before ?? {}, after, [...recordedFields, 'deletedAt']),
    data: {
      number: after.number,
      title: after.title,
      ...(before === undefined && { assigneeId: after.assigneeId?.toHexString() ?? null }),
    },
  });
}
