import { Problem } from '../errors/index.ts';
import type { Actor } from './actor.ts';
import { requireVersion, type Conditional, type VersionedDocument } from './require-version.ts';
import {
  isAllowedWhileArchived,
  isGranted,
  projectPermissions,
  rolesWith,
  sitePermissions,
  type ProjectPermission,
  type ProjectRole,
  type SitePermission,
  type SubjectFacts,
} from './permissions.ts';

/** A project as rules see it: whose it is, who is in it, and whether it is archived. */
export interface ProjectFacts {
  _id: { toString(): string };
  status: string;
  members: readonly { userId: { toString(): string }; role: ProjectRole }[];
}

interface Asking {
  readonly actor: Actor;
  /** Takes note of the projects that rights were asked in, with the actor's role. */
  readonly shown?: Map<string, ProjectRole>;
}

/** The user's role in the project, or undefined for a stranger. */
export const roleIn = (project: ProjectFacts, userId: string): ProjectRole | undefined =>
  rolesOf(project.members).get(userId);

type Members = ProjectFacts['members'];

/** Roles by user, made once per loaded list of members: a page of tasks asks for them hundreds of times. */
function rolesOf(members: Members): Map<string, ProjectRole> {
  const known = knownRoles.get(members);
  if (known !== undefined) return known;
  const roles = new Map(members.map((member) => [member.userId.toString(), member.role]));
  knownRoles.set(members, roles);
  return roles;
}

const knownRoles = new WeakMap<Members, Map<string, ProjectRole>>();

/**
 * Lets the call go on when the actor holds `permission` in the loaded project.
 * Throws `access.denied` naming the permission and the roles that have it. A stranger must have been turned away with 404 before.
 */
export function authorize(
  ctx: Asking,
  permission: ProjectPermission,
  project: ProjectFacts,
  facts: SubjectFacts = {},
): void {
  const role = roleIn(project, ctx.actor.userId);
  if (role !== undefined) ctx.shown?.set(project._id.toString(), role);
  if (role === undefined || !isGranted(permission, role, ctx.actor.userId, facts))
    throw denied(permission, rolesWith(permission));
}

/** Lets the call go on unless the project is archived and the table closes `permission` then. Throws `project.archived`. */
export function requireOpen(permission: ProjectPermission, project: ProjectFacts): void {
  if (project.status !== 'archived' || isAllowedWhileArchived(permission)) return;
  throw new Problem('project.archived', {
    detail: 'An archived project is read-only. Set its status to `active` first.',
  });
}

/**
 * Lets a change of a loaded document go on, in the contract's order: may they (`access.denied`), do they know the
 * present version (`resource.changed`), is the project open (`project.archived`).
 */
export async function admitChange(
  ctx: Asking & Conditional,
  permission: ProjectPermission,
  project: ProjectFacts,
  document: VersionedDocument,
  facts: SubjectFacts = {},
): Promise<void> {
  authorize(ctx, permission, project, facts);
  await requireVersion(ctx, document);
  requireOpen(permission, project);
}

/** Lets the call go on when the actor holds a right on the site; throws `access.denied`. */
export function authorizeSite(ctx: Asking, permission: SitePermission): void {
  const { role } = sitePermissions[permission];
  if (!ctx.actor.siteRoles.includes(role)) throw denied(permission, [role]);
}

/** What the actor can do with a project or a task of it, for the field `can`; in the trash only restoring is left. */
export function abilities(
  ctx: Asking,
  on: 'project' | 'task',
  project: ProjectFacts,
  facts: SubjectFacts & { trashed?: boolean } = {},
): ProjectPermission[] {
  const role = roleIn(project, ctx.actor.userId);
  if (role === undefined) return [];
  const isOpen = (name: ProjectPermission): boolean =>
    project.status !== 'archived' || isAllowedWhileArchived(name);
  const names = facts.trashed === true ? restoringNames[on] : abilityNames[on].filter(isOpen);
  return names.filter((name) => isGranted(name, role, ctx.actor.userId, facts));
}

const restoringNames: Record<'project' | 'task', readonly ProjectPermission[]> = {
  project: ['project.delete'],
  task: ['task.delete'],
};

// The keys of the table are exactly the permissions: Object.keys only loses their type.
const allNames = Object.keys(projectPermissions) as ProjectPermission[];
const abilityNames = {
  project: allNames.filter((name) => projectPermissions[name].on === 'project'),
  task: allNames.filter((name) => projectPermissions[name].on === 'task'),
};

function denied(permission: string, roles: readonly string[]): Problem {
  return new Problem('access.denied', {
    detail: `This needs the permission ${permission}, which the roles ${roles.join(', ')} have.`,
    extensions: { permission, roles },
  });
}
