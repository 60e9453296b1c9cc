import { endpoint, type Endpoint } from '../../http/endpoint.ts';
import type { LeaveAllProjects } from './account-deletion.service.ts';
import * as users from './user.controller.ts';
import {
  AccountDeletion,
  AccountUpdate,
  ProfileUpdate,
  User,
  UserAccount,
  UserFilter,
  UserPage,
  UserParams,
  VisibleUser,
} from './user.schema.ts';

const tags = ['Users'] as const;

/** Accounts: one's own, and for administrators everyone's. */
export const userRoutes: Endpoint[] = [
  endpoint(
    'get',
    '/users/me',
    {
      id: 'getMe',
      summary: 'Get your own account',
      tags,
      access: 'signed-in',
      responses: { 200: User },
      problems: ['user.not_found'],
    },
    users.getMe,
  ),
  endpoint(
    'patch',
    '/users/me',
    {
      id: 'updateMe',
      summary: 'Change your own account',
      description: 'Absent fields stay as they are; `avatar: null` removes the picture.',
      tags,
      access: 'signed-in',
      body: ProfileUpdate,
      responses: { 200: User },
      problems: ['user.not_found', 'auth.wrong_password', 'auth.email_taken'],
      ifMatch: true,
    },
    users.updateMe,
  ),
  endpoint(
    'get',
    '/users',
    {
      id: 'listUsers',
      summary: 'List all accounts',
      description:
        'For administrators. `q`, `disabled` and `role` are looked for in sort order under a scan budget, so pages may be short.',
      tags,
      access: 'user.administer',
      query: UserFilter,
      responses: { 200: UserPage },
      problems: [],
    },
    users.list,
  ),
  endpoint(
    'get',
    '/users/:id',
    {
      id: 'getUser',
      summary: 'Get a user',
      description:
        'Administrators get the whole account; others `id`, `name` and `avatar` of themselves and of people they share a project with.',
      tags,
      access: 'signed-in',
      params: UserParams,
      responses: { 200: VisibleUser },
      problems: ['user.not_found'],
    },
    users.get,
  ),
  endpoint(
    'patch',
    '/users/:id',
    {
      id: 'administerUser',
      summary: 'Change the roles of an account or shut it out',
      description:
        'For administrators. A disabled user’s requests are refused at once; enabling lets their sessions go on.',
      tags,
      access: 'user.administer',
      params: UserParams,
      body: AccountUpdate,
      responses: { 200: UserAccount },
      problems: ['user.not_found', 'user.last_admin'],
      ifMatch: true,
    },
    users.administer,
  ),
];

/** The deletion of one's own account, which needs to be told how its user leaves their projects. */
export const accountDeletionRoute = (leaveAllProjects: LeaveAllProjects): Endpoint =>
  endpoint(
    'delete',
    '/users/me',
    {
      id: 'deleteMe',
      summary: 'Delete your own account',
      description:
        'Refused while you own projects with other members; `projects` lists them. Projects you own alone are deleted with the account.',
      tags,
      access: 'signed-in',
      body: AccountDeletion,
      responses: { 204: null },
      problems: ['user.not_found', 'auth.wrong_password', 'user.owns_projects', 'user.last_admin'],
      ifMatch: true,
    },
    users.deleteMe(leaveAllProjects),
  );
