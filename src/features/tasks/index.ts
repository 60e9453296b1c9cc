export { taskModels } from './task.model.ts';
export { taskRoutes } from './task.routes.ts';
export { emptyProject, purgeTasks } from './task-purge.service.ts';
export { loadTask } from './task-entry.service.ts';
export { unassignWhoIsGone } from './task-unassign.service.ts';
