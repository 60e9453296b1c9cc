import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import type { Ctx } from '../../context.ts';
import { projectOf } from './task-entry.service.ts';
import { TaskModel, type StoredTask } from './task.model.ts';
import type { TaskInProject } from './task.presenter.ts';

interface Waiting {
  id: string;
  resolve(task: StoredTask | null): void;
  reject(reason: unknown): void;
}

let waiting: Waiting[] = [];

/**
 * One task for reading. All point reads of one turn of the event loop share one query by ids; therefore every
 * result is judged again for the one who asked. Throws `task.not_found`.
 */
export async function readTask(ctx: Ctx, id: string): Promise<TaskInProject> {
  const task = await loadTogether(id);
  if (task === null || task.trashed) throw new Problem('task.not_found');
  return { task, project: await projectOf(ctx, task) };
}

function loadTogether(id: string): Promise<StoredTask | null> {
  return new Promise((resolve, reject) => {
    waiting.push({ id, resolve, reject });
    if (waiting.length === 1) setImmediate(() => void serve());
  });
}

async function serve(): Promise<void> {
  const line = waiting;
  waiting = [];
  try {
    const ids = [...new Set(line.map((one) => one.id))].map(objectId);
    const tasks = await TaskModel.find({ _id: { $in: ids } }).lean<StoredTask[]>();
    const byId = new Map(tasks.map((task) => [task._id.toHexString(), task]));
    for (const one of line) one.resolve(byId.get(one.id) ?? null);
  } catch (error) {
    for (const one of line) one.reject(error);
  }
}
