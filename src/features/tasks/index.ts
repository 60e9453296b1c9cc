export { taskModels } from './task.model.ts';
export { taskRoutes } from './task.routes.ts';
export { unassignWhoIsGone } from './task-unassign.service.ts';
