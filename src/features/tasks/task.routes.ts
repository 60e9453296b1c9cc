import { endpoint, type Endpoint } from '../../http/endpoint.ts';
import * as tasks from './task.controller.ts';
import {
  Task,
  TaskCreate,
  TaskFilter,
  TaskKeyPath,
  TaskMove,
  TaskPage,
  TaskPath,
  TaskReplace,
  TaskUpdate,
} from './task.schema.ts';

const tags = ['Tasks'] as const;
const write = { params: TaskPath, ifMatch: true, tags, bodyLimit: 'tasks' } as const;
const listing = `Without \`projectId\`: every task in every project you can see.

Combinations with an index of their own: every sort alone, \`sort=rank\` with \`status\`, \`sort=dueDate\` with \`assigneeId\`, \`dueBefore\` or \`dueAfter\`, \`sort=updatedAt\` with \`updatedSince\`. Other filters, and for how long a task of \`deleted=true\` has been in the trash, are checked while walking in sort order, on a bounded number of tasks per page: such a page may be short or empty although \`nextCursor\` is set. Only \`nextCursor: null\` ends the walk.`;

/** The endpoints of tasks. */
export const taskRoutes: readonly Endpoint[] = [
  endpoint(
    'get',
    '/tasks',
    {
      id: 'listTasks',
      summary: 'List tasks',
      description: listing,
      access: 'signed-in',
      tags,
      query: TaskFilter,
      responses: { 200: TaskPage },
      problems: ['project.not_found'],
    },
    tasks.list,
  ),
  endpoint(
    'post',
    '/tasks',
    {
      id: 'createTask',
      summary: 'Create a task',
      description: 'It goes to the end of its column.',
      access: 'task.create',
      tags,
      bodyLimit: 'tasks',
      body: TaskCreate,
      responses: { 201: Task },
      problems: [
        'project.archived',
        'task.unknown_project',
        'task.unknown_status',
        'task.assignee_not_eligible',
      ],
    },
    tasks.create,
  ),
  endpoint(
    'get',
    '/tasks/:id',
    {
      id: 'readTask',
      summary: 'Read a task',
      description: 'A task in the trash is found only in the list with `deleted=true`.',
      access: 'task.read',
      tags,
      params: TaskPath,
      responses: { 200: Task },
      problems: ['task.not_found'],
    },
    tasks.read,
  ),
  endpoint(
    'get',
    '/projects/:id/tasks/by-key/:key',
    {
      id: 'readTaskByKey',
      summary: 'Read a task by its key',
      access: 'task.read',
      tags,
      params: TaskKeyPath,
      responses: { 200: Task },
      problems: ['task.not_found', 'project.not_found'],
    },
    tasks.readByKey,
  ),
  endpoint(
    'patch',
    '/tasks/:id',
    {
      ...write,
      id: 'updateTask',
      summary: 'Change some fields of a task',
      description: 'A new status keeps the task’s place in the project’s order; use the move to place it.',
      access: 'task.update',
      body: TaskUpdate,
      responses: { 200: Task },
      problems: ['task.not_found', 'project.archived', 'task.unknown_status', 'task.assignee_not_eligible'],
    },
    tasks.update,
  ),
  endpoint(
    'put',
    '/tasks/:id',
    {
      ...write,
      id: 'replaceTask',
      summary: 'Replace the writable fields of a task',
      access: 'task.update',
      body: TaskReplace,
      responses: { 200: Task },
      problems: [
        'task.not_found',
        'project.archived',
        'task.unknown_status',
        'task.assignee_not_eligible',
        'resource.read_only_field',
      ],
    },
    tasks.replace,
  ),
  endpoint(
    'delete',
    '/tasks/:id',
    {
      ...write,
      id: 'deleteTask',
      summary: 'Move a task to the trash',
      description: 'Members may delete the tasks they created, managers any.',
      access: 'task.delete',
      responses: { 204: null },
      problems: ['task.not_found', 'project.archived'],
    },
    tasks.remove,
  ),
  endpoint(
    'post',
    '/tasks/:id/restore',
    {
      ...write,
      id: 'restoreTask',
      summary: 'Restore a task from the trash',
      description:
        'It returns to where it was. A task that is not in the trash stays as it is; after `TRASH_DAYS` (30) days it is gone for good.',
      access: 'task.delete',
      responses: { 200: Task },
      problems: ['task.not_found', 'project.archived'],
    },
    tasks.restore,
  ),
  endpoint(
    'post',
    '/tasks/:id/move',
    {
      ...write,
      id: 'moveTask',
      summary: 'Place a task in a column and in its order',
      description: 'Before or after a task of that column, or at its end. The server computes the rank.',
      access: 'task.move',
      body: TaskMove,
      responses: { 200: Task },
      problems: ['task.not_found', 'project.archived', 'task.unknown_status', 'task.move_target'],
    },
    tasks.move,
  ),
];
