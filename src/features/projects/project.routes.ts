import { endpoint, type Endpoint } from '../../http/endpoint.ts';
import * as projects from './project.controller.ts';
import {
  Project,
  ProjectCreate,
  ProjectFilter,
  ProjectPage,
  ProjectPath,
  ProjectReplace,
  ProjectUpdate,
  Transfer,
} from './project.schema.ts';

const tags = ['Projects'] as const;
const one = { params: ProjectPath, ifMatch: true, tags } as const;

/** The endpoints of projects. */
export const projectRoutes: readonly Endpoint[] = [
  endpoint(
    'get',
    '/projects',
    {
      id: 'listProjects',
      summary: 'List your projects',
      description:
        'Projects you are a member of. Every sort has an index; filters are checked on your projects only.',
      access: 'signed-in',
      tags,
      query: ProjectFilter,
      responses: { 200: ProjectPage },
      problems: [],
    },
    projects.list,
  ),
  endpoint(
    'post',
    '/projects',
    {
      id: 'createProject',
      summary: 'Create a project',
      description: 'You become the owner. Without a key, one is made from the name.',
      access: 'signed-in',
      tags,
      body: ProjectCreate,
      responses: { 201: Project },
      problems: ['project.key_taken', 'member.unknown_user'],
    },
    projects.create,
  ),
  endpoint(
    'get',
    '/projects/:id',
    {
      id: 'readProject',
      summary: 'Read a project',
      description: 'A project in the trash is found only in the list with `deleted=true`.',
      access: 'project.read',
      tags,
      params: ProjectPath,
      responses: { 200: Project },
      problems: ['project.not_found'],
    },
    projects.read,
  ),
  endpoint(
    'patch',
    '/projects/:id',
    {
      ...one,
      id: 'updateProject',
      summary: 'Change some fields of a project',
      description: 'An archived project admits only a change of its status away from `archived`.',
      access: 'project.update',
      body: ProjectUpdate,
      responses: { 200: Project },
      problems: ['project.not_found', 'project.archived', 'project.key_taken'],
    },
    projects.update,
  ),
  endpoint(
    'put',
    '/projects/:id',
    {
      ...one,
      id: 'replaceProject',
      summary: 'Replace the writable fields of a project',
      access: 'project.update',
      body: ProjectReplace,
      responses: { 200: Project },
      problems: ['project.not_found', 'project.archived', 'project.key_taken', 'resource.read_only_field'],
    },
    projects.replace,
  ),
  endpoint(
    'delete',
    '/projects/:id',
    {
      ...one,
      id: 'deleteProject',
      summary: 'Move a project to the trash',
      description:
        'Its tasks are hidden with it. It can be restored for `TRASH_DAYS` (30) days, then it is removed for good.',
      access: 'project.delete',
      responses: { 204: null },
      problems: ['project.not_found', 'project.archived'],
    },
    projects.remove,
  ),
  endpoint(
    'post',
    '/projects/:id/restore',
    {
      ...one,
      id: 'restoreProject',
      summary: 'Restore a project from the trash',
      description: 'A project that is not in the trash stays as it is.',
      access: 'project.delete',
      responses: { 200: Project },
      problems: ['project.not_found'],
    },
    projects.restore,
  ),
  endpoint(
    'post',
    '/projects/:id/transfer',
    {
      ...one,
      id: 'transferProject',
      summary: 'Hand a project to another member',
      description: 'The old owner becomes a manager.',
      access: 'project.transfer',
      body: Transfer,
      responses: { 200: Project },
      problems: ['project.not_found', 'project.archived', 'project.key_taken', 'member.not_a_member'],
    },
    projects.transfer,
  ),
];
