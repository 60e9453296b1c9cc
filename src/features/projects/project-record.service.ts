import type { Types } from 'mongoose';
import type { ProjectRole } from '../../access/index.ts';
import type { BaseCtx, Writing } from '../../context.ts';
import { fieldChanges, withMemberIds } from '../../events/index.ts';
import type { StoredProject } from './project.model.ts';

/** What of a project events tell when the client changed it. */
export const writableFields = ['name', 'description', 'key', 'status'] as const;

type ProjectHappening = 'project.created' | 'project.updated' | 'project.deleted' | 'project.restored';

/** Records what happened to a project, with everything that changed since `before`. */
export function recordProject(
  ctx: Writing<BaseCtx>,
  name: ProjectHappening,
  before: StoredProject | undefined,
  after: StoredProject,
): void {
  const { _id, version } = after;
  ctx.work.record(name, {
    projectId: _id,
    subject: { type: 'project', id: _id, version },
    changes: fieldChanges(before ?? {}, after, [...writableFields, 'ownerId', 'deletedAt']),
    data: {
      name: after.name,
      ...(before !== undefined && before.deletedAt !== after.deletedAt && withMemberIds(after.members)),
    },
  });
}

/** Records that a person joined the project, has another role in it or left: an event about that person. */
export function recordMember(
  ctx: Writing<BaseCtx>,
  project: StoredProject,
  { userId, from, to }: { userId: Types.ObjectId; from: ProjectRole | null; to: ProjectRole | null },
): void {
  const name = from === null ? 'member.added' : to === null ? 'member.removed' : 'member.role_changed';
  ctx.work.record(name, {
    projectId: project._id,
    subject: { type: 'member', id: userId },
    changes: [{ field: 'role', from, to }],
    data: { projectVersion: project.version },
  });
}
