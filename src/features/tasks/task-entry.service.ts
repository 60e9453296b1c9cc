import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import type { Ctx } from '../../context.ts';
import { enterProject } from '../projects/index.ts';
import type { StoredTask } from './task.model.ts';
import { TaskModel } from './task.model.ts';
import type { TaskInProject } from './task.presenter.ts';

/** A task as stored now, with its project, if the actor may see it. Throws `task.not_found`. */
export async function loadTask(ctx: Ctx, id: string, { trashed = false } = {}): Promise<TaskInProject> {
  const visible = (await ctx.deps.caches.visibleProjects.get(ctx.actor.userId)) ?? [];
  const scope = { _id: objectId(id), projectId: { $in: visible.map((project) => project._id) } };
  const task = await TaskModel.findOne(scope).lean<StoredTask>();
  if (task === null || (task.trashed && !trashed)) throw new Problem('task.not_found');
  return { task, project: await projectOf(ctx, task) };
}

/** The project of a loaded task, judged for the actor. Throws `task.not_found`. */
export async function projectOf(ctx: Ctx, task: StoredTask) {
  try {
    return await enterProject(ctx, task.projectId.toHexString());
  } catch (error) {
    if (error instanceof Problem && error.code === 'project.not_found') throw new Problem('task.not_found');
    throw error;
  }
}
