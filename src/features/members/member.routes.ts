import { endpoint, type Endpoint } from '../../http/endpoint.ts';
import * as members from './member.controller.ts';
import {
  Member,
  MemberAdd,
  MemberPage,
  MemberPath,
  MemberQuery,
  MembersPath,
  MemberUpdate,
} from './member.schema.ts';

const tags = ['Members'] as const;
const ofProject = ' `If-Match` names the version of the project, whose people are part of it.';

/** The endpoints of a project's people. */
export const memberRoutes: readonly Endpoint[] = [
  endpoint(
    'get',
    '/projects/:id/members',
    {
      id: 'listMembers',
      summary: 'List the people in a project',
      access: 'project.read',
      tags,
      params: MembersPath,
      query: MemberQuery,
      responses: { 200: MemberPage },
      problems: ['project.not_found'],
    },
    members.list,
  ),
  endpoint(
    'post',
    '/projects/:id/members',
    {
      id: 'addMember',
      summary: 'Add a person to a project',
      description: `The person must have registered.${ofProject}`,
      access: 'member.add',
      tags,
      params: MembersPath,
      body: MemberAdd,
      ifMatch: true,
      responses: { 201: Member },
      problems: [
        'project.not_found',
        'project.archived',
        'project.too_many_members',
        'member.unknown_user',
        'member.already_member',
      ],
    },
    members.add,
  ),
  endpoint(
    'patch',
    '/projects/:id/members/:userId',
    {
      id: 'updateMember',
      summary: 'Change a member’s role',
      description: `The owner’s role changes only by a transfer.${ofProject}`,
      access: 'member.update',
      tags,
      params: MemberPath,
      body: MemberUpdate,
      ifMatch: true,
      responses: { 200: Member },
      problems: ['project.not_found', 'project.archived', 'member.not_found', 'member.is_owner'],
    },
    members.update,
  ),
  endpoint(
    'delete',
    '/projects/:id/members/:userId',
    {
      id: 'removeMember',
      summary: 'Remove a member, or leave',
      description: `Everyone but the owner may leave. The open tasks of the person lose their assignee.${ofProject}`,
      access: 'member.remove',
      tags,
      params: MemberPath,
      ifMatch: true,
      responses: { 204: null },
      problems: ['project.not_found', 'project.archived', 'member.not_found', 'member.is_owner'],
    },
    members.remove,
  ),
];
