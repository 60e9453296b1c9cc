import { markdownTable } from '../markdown.ts';
import { exceptionOf } from './permission-words.ts';
import {
  isAllowedWhileArchived,
  projectPermissions,
  projectRoles,
  rolesWith,
  sitePermissions,
  siteRoles,
  type ProjectPermission,
} from './permissions.ts';

/** The text of `docs/permissions.md`: who may do what, as tables. */
export function renderPermissionsDoc(): string {
  return `${[
    '# Permissions',
    '<!-- Generated from src/access/permissions.ts: change it there. -->',
    'A project or task that you may not see answers 404, as if it did not exist. One that you see but may not ' +
      'act on answers 403 [`access.denied`](problems.md#accessdenied), which names the missing permission and ' +
      'the roles that have it. Projects and tasks list in `can` what you may do with them.',
    '## In a project',
    'Each role has everything that the roles to the right of it have.',
    projectTable(),
    'An archived project is read-only: what the last column does not allow answers 409 ' +
      '[`project.archived`](problems.md#projectarchived).',
    '## On the site',
    'A site role gives no rights inside projects.',
    siteTable(),
  ].join('\n\n')}\n`;
}

const mark = (isGranted: boolean): string => (isGranted ? 'yes' : '–');

function projectTable(): string {
  // The keys of the table are exactly the permissions: Object.keys only loses their type.
  const permissions = Object.keys(projectPermissions) as ProjectPermission[];
  return markdownTable([
    ['Permission', 'What it allows', ...projectRoles, 'Also', 'While archived'],
    ...permissions.map((permission) => [
      `\`${permission}\``,
      projectPermissions[permission].means,
      ...projectRoles.map((role) => mark(rolesWith(permission).includes(role))),
      exceptionOf(permission) ?? '',
      mark(isAllowedWhileArchived(permission)),
    ]),
  ]);
}

const siteTable = (): string =>
  markdownTable([
    ['Permission', 'What it allows', ...siteRoles],
    ...Object.entries(sitePermissions).map(([permission, { means, role }]) => [
      `\`${permission}\``,
      means,
      ...siteRoles.map((one) => mark(one === role)),
    ]),
  ]);
