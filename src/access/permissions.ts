/** Roles inside one project, strongest first. */
export const projectRoles = ['owner', 'manager', 'member', 'viewer'] as const;

/** A person's role in one project. */
export type ProjectRole = (typeof projectRoles)[number];

/** Roles on the whole site. */
export const siteRoles = ['admin'] as const;

/** A person's role on the whole site. */
export type SiteRole = (typeof siteRoles)[number];

interface ProjectRule {
  /** What the permission is about: decides which resource lists it in `can`. */
  on: 'project' | 'task';
  /** The weakest role that has it. */
  role: ProjectRole;
  /** Who wrote the document has it too from this role on. */
  orAuthorFrom?: ProjectRole;
  /** Held by the person the document is about (leaving a project). */
  orSelf?: true;
  /** Still possible while the project is archived. */
  whileArchived?: true;
  means: string;
}

/** THE table: who may do what in a project. Everything that asks about rights asks it here. */
export const projectPermissions = {
  'project.read': {
    on: 'project',
    role: 'viewer',
    whileArchived: true,
    means: 'see the project and its members',
  },
  'project.update': {
    on: 'project',
    role: 'manager',
    means: 'change name, description, key and status',
  },
  'project.unarchive': {
    on: 'project',
    role: 'manager',
    whileArchived: true,
    means: 'give an archived project another status, with other changes in the same request',
  },
  'project.delete': {
    on: 'project',
    role: 'owner',
    means: 'move the project to the trash and restore it',
  },
  'project.transfer': {
    on: 'project',
    role: 'owner',
    means: 'make another member the owner',
  },
  'member.add': {
    on: 'project',
    role: 'manager',
    means: 'add people to the project',
  },
  'member.update': {
    on: 'project',
    role: 'manager',
    means: 'change the role of members below the owner',
  },
  'member.remove': {
    on: 'project',
    role: 'manager',
    orSelf: true,
    means: 'remove members below the owner; everyone may leave',
  },
  'task.create': { on: 'project', role: 'member', means: 'create tasks' },
  'task.read': {
    on: 'task',
    role: 'viewer',
    whileArchived: true,
    means: 'see tasks',
  },
  'task.update': { on: 'task', role: 'member', means: 'edit tasks' },
  'task.move': {
    on: 'task',
    role: 'member',
    means: 'place tasks in columns and order',
  },
  'task.delete': {
    on: 'task',
    role: 'manager',
    orAuthorFrom: 'member',
    means: 'move a task to the trash and restore it',
  },
} as const satisfies Record<string, ProjectRule>;

/** A right inside a project. */
export type ProjectPermission = keyof typeof projectPermissions;

/** THE table's second half: rights on the site, by site role. */
export const sitePermissions = {
  'user.administer': {
    role: 'admin',
    means: 'list users, change their roles, disable them',
  },
} as const satisfies Record<string, { role: SiteRole; means: string }>;

/** A right on the whole site. */
export type SitePermission = keyof typeof sitePermissions;

/** Any right the table knows. */
export type Permission = ProjectPermission | SitePermission;

/** Facts a rule may ask about beside the role. */
export interface SubjectFacts {
  /** The user who wrote the document. */
  authorId?: string | undefined;
  /** The user the document is about. */
  selfId?: string | undefined;
}

const strength = (role: ProjectRole): number => projectRoles.length - projectRoles.indexOf(role);

/** Whether `role` is at least as strong as `needed`. */
export const isAtLeast = (role: ProjectRole, needed: ProjectRole): boolean =>
  strength(role) >= strength(needed);

/** Whether the table grants `permission` to a user of that role, given the facts about the loaded document. */
export function isGranted(
  permission: ProjectPermission,
  role: ProjectRole,
  userId: string,
  facts: SubjectFacts,
): boolean {
  const rule: ProjectRule = projectPermissions[permission];
  if (isAtLeast(role, rule.role)) return true;
  if (rule.orSelf === true && facts.selfId === userId) return true;
  return rule.orAuthorFrom !== undefined && facts.authorId === userId && isAtLeast(role, rule.orAuthorFrom);
}

/** Whether the table allows `permission` while the project is archived. */
export const isAllowedWhileArchived = (permission: ProjectPermission): boolean => {
  const rule: ProjectRule = projectPermissions[permission];
  return rule.whileArchived === true;
};

/** The roles that have a permission by role alone, strongest first. */
export const rolesWith = (permission: ProjectPermission): ProjectRole[] =>
  projectRoles.filter((role) => isAtLeast(role, projectPermissions[permission].role));
