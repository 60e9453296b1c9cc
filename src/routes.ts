import { activityRoutes } from './features/activity/index.ts';
import { authModels, authRoutes } from './features/auth/index.ts';
import { changeModels, changeRoutes } from './features/changes/index.ts';
import { memberRoutes } from './features/members/index.ts';
import { leaveAllProjects, projectModels, projectRoutes } from './features/projects/index.ts';
import { taskModels, taskRoutes } from './features/tasks/index.ts';
import { accountDeletionRoute, userModels, userRoutes } from './features/users/index.ts';
import type { Endpoint } from './http/endpoint.ts';

/** Every endpoint below /api; nothing else reaches the API's router. */
export const routes: readonly Endpoint[] = [
  ...authRoutes,
  ...userRoutes,
  accountDeletionRoute(leaveAllProjects),
  ...projectRoutes,
  ...memberRoutes,
  ...taskRoutes,
  ...activityRoutes,
  ...changeRoutes,
];

/** Every feature's stored collections. */
export const models = [...authModels, ...userModels, ...projectModels, ...taskModels, ...changeModels];
