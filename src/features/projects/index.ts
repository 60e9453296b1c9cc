export { enterProject, loadProject, saveProject } from './project-entry.service.ts';
export { recordMember } from './project-record.service.ts';
export { CounterModel, projectModels, type StoredProject } from './project.model.ts';
export { findProject, findVisibleProjects, isMemberNow } from './project.queries.ts';
export { projectRoutes } from './project.routes.ts';
export { leaveAllProjects } from './project-leave.service.ts';
export { purgeProjects } from './project-purge.service.ts';
export { expiredTrash, restorableSince } from './trash.ts';
