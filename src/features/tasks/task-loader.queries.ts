import { objectId } from '../../db/base-schema.ts';
import { TaskModel, type StoredTask } from './task.model.ts';

interface Waiting {
  id: string;
  resolve(task: StoredTask | null): void;
  reject(reason: unknown): void;
}

let waiting: Waiting[] = [];

/**
 * A task by its id, whoever asks, or null. All reads of one turn of the event loop share one query; therefore every
 * result must be judged by the one who asked.
 */
export function findTogether(id: string): Promise<StoredTask | null> {
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
