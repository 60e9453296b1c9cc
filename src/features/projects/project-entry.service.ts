import { roleIn, type Actor, type KnownProject } from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import type { Work } from '../../db/unit-of-work.ts';
import type { Deps } from '../../deps.ts';
import { ProjectModel, type StoredProject } from './project.model.ts';

interface Entering {
  readonly actor: Actor;
  readonly deps: Deps;
}

/** The project as known for at most a second, for reading and for writing tasks. Throws `project.not_found`. */
export async function enterProject(ctx: Entering, id: string): Promise<KnownProject> {
  const project = await ctx.deps.caches.projects.get(id);
  if (project === null || roleIn(project, ctx.actor.userId) === undefined)
    throw new Problem('project.not_found');
  return project;
}

/** The project as stored now, for changing it or its members. Throws `project.not_found` for strangers and the trash. */
export async function loadProject(ctx: { readonly actor: Actor }, id: string): Promise<StoredProject> {
  const scope = { _id: objectId(id), 'members.userId': objectId(ctx.actor.userId), deletedAt: null };
  const project = await ProjectModel.findOne(scope).lean<StoredProject>();
  if (project === null) throw new Problem('project.not_found');
  return project;
}

/**
 * A project in the trash since `deletedSince` at most or out of it, for those who see the trash: owner and managers.
 * Throws `project.not_found`.
 */
export async function loadProjectFromTrash(
  ctx: { readonly actor: Actor },
  id: string,
  deletedSince: Date,
): Promise<StoredProject> {
  const scope = {
    _id: objectId(id),
    'members.userId': objectId(ctx.actor.userId),
    $or: [{ deletedAt: null }, { deletedAt: { $gte: deletedSince } }],
  };
  const project = await ProjectModel.findOne(scope).lean<StoredProject>();
  const role = project === null ? undefined : roleIn(project, ctx.actor.userId);
  if (project === null || (project.deletedAt !== null && role !== 'owner' && role !== 'manager'))
    throw new Problem('project.not_found');
  return project;
}

/** Changes a loaded project; after the commit this process forgets what it knew of it and of its people. */
export function saveProject(
  ctx: { readonly deps: Deps; readonly work: Work },
  before: StoredProject,
  patch: Partial<StoredProject>,
): StoredProject {
  const after = ctx.work.update(ProjectModel, before, patch);
  forgetAfterCommit(ctx, [before, after]);
  return after;
}

/** Drops the cached project and its people's lists of projects once the change is committed. */
export function forgetAfterCommit(
  { deps, work }: { readonly deps: Deps; readonly work: Work },
  projects: readonly KnownProject[],
): void {
  work.afterCommit(() => {
    for (const project of projects) {
      deps.caches.projects.drop(project._id.toHexString());
      for (const { userId } of project.members) deps.caches.visibleProjects.drop(userId.toHexString());
    }
  });
}
