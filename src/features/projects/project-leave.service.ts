import type { Types } from 'mongoose';
import type { Ctx, Writing } from '../../context.ts';
import { Problem } from '../../errors/index.ts';
import { saveProject } from './project-entry.service.ts';
import { recordMember, recordProject } from './project-record.service.ts';
import { ProjectModel, type StoredProject } from './project.model.ts';
import { restorableSince } from './trash.ts';

/**
 * Takes a user out of every project, in one unit of work: leaves the projects of others and moves the projects they
 * are alone in to the trash. Throws `user.owns_projects` when they own one with other members.
 */
export async function leaveAllProjects(ctx: Writing<Ctx>, userId: Types.ObjectId): Promise<void> {
  const projects = await ProjectModel.find({ 'members.userId': userId }).lean<StoredProject[]>();
  const inTheWay = projects.filter(
    (project) => project.ownerId.equals(userId) && project.members.length > 1 && isRestorable(ctx, project),
  );
  if (inTheWay.length > 0) throw ownsProjects(ctx, inTheWay);
  for (const project of projects) {
    if (!project.ownerId.equals(userId)) leave(ctx, project, userId);
    else if (project.deletedAt === null) discard(ctx, project);
  }
}

/** A project of the last days in the trash can come back, and then needs an owner. */
const isRestorable = (ctx: Ctx, { deletedAt }: StoredProject): boolean =>
  deletedAt === null || deletedAt >= restorableSince(ctx.now(), ctx.deps.config);

function ownsProjects(ctx: Ctx, owned: readonly StoredProject[]): Problem {
  const projects = owned.map(({ _id, key }) => ({ id: _id.toHexString(), key }));
  for (const { id } of projects) ctx.shown.set(id, 'owner');
  return new Problem('user.owns_projects', { extensions: { projects } });
}

function leave(ctx: Writing<Ctx>, project: StoredProject, userId: Types.ObjectId): void {
  const role = project.members.find((one) => one.userId.equals(userId))?.role ?? null;
  const after = saveProject(ctx, project, {
    members: project.members.filter((one) => !one.userId.equals(userId)),
  });
  recordMember(ctx, after, { userId, from: role, to: null });
}

function discard(ctx: Writing<Ctx>, project: StoredProject): void {
  const after = saveProject(ctx, project, { deletedAt: ctx.now() });
  recordProject(ctx, 'project.deleted', project, after);
}
