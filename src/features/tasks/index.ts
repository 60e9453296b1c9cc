export { taskModels } from './task.model.ts';
export { taskRoutes } from './task.routes.ts';
export { unassignOpenTasks } from './task-unassign.service.ts';
