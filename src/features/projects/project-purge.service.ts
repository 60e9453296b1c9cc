import type { Types } from 'mongoose';
import { unitOfWork } from '../../db/unit-of-work.ts';
import { withMemberIds } from '../../events/index.ts';
import type { JobCtx } from '../../jobs/index.ts';
import { releaseKey } from './project-key.service.ts';
import { CounterModel, ProjectModel, type StoredProject } from './project.model.ts';
import { expiredTrash } from './trash.ts';

/** Removes what lies in a project that is about to go. Given by whoever puts the features together. */
export type EmptyProject = (ctx: JobCtx, projectId: Types.ObjectId) => Promise<void>;

/**
 * Removes the projects that have been in the trash for too long, one after the other. Each is condemned first, with its
 * event and once, then emptied, then removed itself: whoever is stopped in between leaves what the next one goes on with.
 */
export async function purgeProjects(ctx: JobCtx, emptyProject: EmptyProject): Promise<void> {
  for (;;) {
    ctx.signal.throwIfAborted();
    const project = await condemnOne(ctx);
    if (project === null) return;
    await emptyProject(ctx, project._id);
    await remove(ctx, project);
  }
}

/** Marks the project that was deleted first, on the condition that nobody has changed it; null when there is none. */
function condemnOne(ctx: JobCtx): Promise<StoredProject | null> {
  return unitOfWork(ctx.origin, async (work) => {
    const project = await ProjectModel.findOne(expiredTrash(ctx.now(), ctx.deps.config))
      .sort({ deletedAt: 1 })
      .lean<StoredProject>();
    if (project === null || project.purgedAt !== undefined) return project;
    const condemned = work.update(ProjectModel, project, { purgedAt: ctx.now() });
    work.record('project.purged', {
      projectId: project._id,
      subject: { type: 'project', id: project._id, version: condemned.version },
      data: { name: project.name, ...withMemberIds(project.members) },
    });
    return condemned;
  });
}

function remove(ctx: JobCtx, { _id, ownerId, key }: StoredProject): Promise<void> {
  return unitOfWork(ctx.origin, async (work) => {
    work.deleteWhere(ProjectModel, { _id });
    work.deleteWhere(CounterModel, { _id });
    releaseKey(work, ownerId, key);
  });
}
