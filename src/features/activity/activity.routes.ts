import { endpoint, type Endpoint } from '../../http/endpoint.ts';
import * as activity from './activity.controller.ts';
import { ActivityPage, ActivityPath, ActivityQuery } from './activity.schema.ts';

const shape = { params: ActivityPath, query: ActivityQuery, responses: { 200: ActivityPage } } as const;
const tags = ['What happened'] as const;
const soon = 'An event appears a few milliseconds after the write that made it.';

/** The histories of tasks and projects. */
export const activityRoutes: readonly Endpoint[] = [
  endpoint(
    'get',
    '/tasks/:id/activity',
    {
      id: 'listTaskActivity',
      summary: 'List what happened to a task',
      description: `Newest first; also for a task in the trash. ${soon}`,
      access: 'task.read',
      tags,
      ...shape,
      problems: ['task.not_found'],
    },
    activity.ofTask,
  ),
  endpoint(
    'get',
    '/projects/:id/activity',
    {
      id: 'listProjectActivity',
      summary: 'List what happened in a project',
      description: `Newest first: the project, its people and all its tasks, those in the trash too. ${soon}`,
      access: 'project.read',
      tags,
      ...shape,
      problems: ['project.not_found'],
    },
    activity.ofProject,
  ),
];
