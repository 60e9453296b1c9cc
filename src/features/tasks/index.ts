export { taskModels } from './task.model.ts';
export { taskRoutes } from './task.routes.ts';
export { loadTask } from './task-entry.service.ts';
export { unassignWhoIsGone } from './task-unassign.service.ts';
