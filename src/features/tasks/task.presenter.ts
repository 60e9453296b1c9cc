import { abilities, type Actor, type KnownProject } from '../../access/index.ts';
import { noNumber } from './task-number.ts';
import type { StoredTask } from './task.model.ts';

/** A task with the project it is in, which decides about its key and about rights. */
export interface TaskInProject {
  task: StoredTask;
  project: KnownProject;
}

/** The task as the actor sees it. */
export function presentTask(ctx: { readonly actor: Actor }, { task, project }: TaskInProject) {
  const isNumbered = task.number !== noNumber;
  return {
    id: task._id.toHexString(),
    key: isNumbered ? `${project.key}-${String(task.number)}` : null,
    number: isNumbered ? task.number : null,
    projectId: task.projectId.toHexString(),
    title: task.title,
    description: task.description,
    status: task.status,
    category: task.category,
    priority: task.priority,
    assigneeId: task.assigneeId?.toHexString() ?? null,
    dueDate: task.dueDate,
    rank: task.rank,
    createdBy: task.createdBy.toHexString(),
    completedAt: task.completedAt?.toISOString() ?? null,
    can: abilities(ctx, 'task', project, { authorId: task.createdBy.toHexString(), trashed: task.trashed }),
    createdAt: task.createdAt.toISOString(),
    updatedAt: task.updatedAt.toISOString(),
    deletedAt: task.deletedAt?.toISOString() ?? null,
    version: task.version,
  };
}
