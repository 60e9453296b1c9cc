import {
  projectPermissions,
  rolesWith,
  sitePermissions,
  type Permission,
  type ProjectPermission,
  type ProjectRole,
  type SitePermission,
} from './permissions.ts';

interface Rule {
  role: ProjectRole;
  means: string;
  orAuthorFrom?: ProjectRole;
  orSelf?: true;
  whileArchived?: true;
}

const list = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** Who has the permission beside the roles, in words; undefined when nobody. */
export function exceptionOf(permission: ProjectPermission): string | undefined {
  const { orAuthorFrom, orSelf }: Rule = projectPermissions[permission];
  const words = [
    ...(orAuthorFrom === undefined ? [] : [`the author, from the role ${orAuthorFrom} on`]),
    ...(orSelf === true ? ['every member about themselves'] : []),
  ];
  return words.length === 0 ? undefined : list.format(words);
}

const isSitePermission = (permission: Permission): permission is SitePermission =>
  permission in sitePermissions;

/** Who may do what the permission is for, in sentences of Markdown. */
export function whoMay(permission: Permission): string {
  if (isSitePermission(permission)) {
    const { means, role } = sitePermissions[permission];
    return `Needs the permission \`${permission}\` (${means}), which the site role ${role} has.`;
  }
  const rule: Rule = projectPermissions[permission];
  const roles = rolesWith(permission);
  const also = exceptionOf(permission);
  return [
    `Needs the permission \`${permission}\` (${rule.means}), which the project ` +
      `${roles.length === 1 ? 'role' : 'roles'} ${list.format(roles)} ${roles.length === 1 ? 'has' : 'have'}` +
      `${also === undefined ? '' : `, and ${also}`}.`,
    ...(rule.whileArchived === true ? [] : ['Not while the project is archived.']),
  ].join(' ');
}
