import { Problem } from '../../errors/index.ts';
import type { Ctx } from '../../context.ts';
import { enterProject } from '../projects/index.ts';
import { findTogether } from './task-loader.queries.ts';
import type { StoredTask } from './task.model.ts';
import type { TaskInProject } from './task.presenter.ts';

/** A task as stored now, with its project, judged for the actor. Throws `task.not_found`. */
export async function loadTask(ctx: Ctx, id: string, { trashed = false } = {}): Promise<TaskInProject> {
  const task = await findTogether(id);
  if (task === null || (task.trashed && !trashed)) throw new Problem('task.not_found');
  return { task, project: await projectOf(ctx, task) };
}

/** The project of a loaded task, if the actor may see it. Throws `task.not_found`. */
async function projectOf(ctx: Ctx, task: StoredTask) {
  try {
    return await enterProject(ctx, task.projectId.toHexString());
  } catch (error) {
    if (error instanceof Problem && error.code === 'project.not_found') throw new Problem('task.not_found');
    throw error;
  }
}
