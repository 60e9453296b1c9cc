import { abilities, roleIn, type Actor } from '../../access/index.ts';
import type { StoredProject } from './project.model.ts';

/** The project as the actor sees it. */
export function presentProject(ctx: { readonly actor: Actor }, project: StoredProject) {
  const role = roleIn(project, ctx.actor.userId);
  if (role === undefined) throw new Error('a project is only shown to its members');
  return {
    id: project._id.toHexString(),
    key: project.key,
    name: project.name,
    description: project.description,
    ownerId: project.ownerId.toHexString(),
    collaboratorIds: project.members
      .filter((one) => one.role !== 'owner')
      .map((one) => one.userId.toHexString()),
    status: project.status,
    statuses: project.statuses.map(({ key, name, category, color }) => ({ key, name, category, color })),
    role,
    can: abilities(ctx, 'project', project, { trashed: project.deletedAt !== null }),
    createdAt: project.createdAt.toISOString(),
    updatedAt: project.updatedAt.toISOString(),
    deletedAt: project.deletedAt?.toISOString() ?? null,
    version: project.version,
  };
}
