import { objectId } from '../../db/base-schema.ts';
import { CounterModel } from '../projects/index.ts';

/** The last number and rank given out after a reservation. */
interface Reserved {
  number: number;
  rank: number;
}

interface Waiting {
  numbers: 0 | 1;
  resolve(reserved: Reserved): void;
  reject(reason: unknown): void;
}

const waiting = new Map<string, Waiting[]>();

/** Reserves the next task number and the rank at the end; numbers may have gaps when the write then fails. */
export async function reserveNumber(projectId: string): Promise<Reserved> {
  return reserve(projectId, 1);
}

/** Reserves the rank behind every other task of the project. */
export async function reserveEnd(projectId: string): Promise<number> {
  return (await reserve(projectId, 0)).rank;
}

/** Everyone who asks for the same project in one turn of the event loop shares one command. */
function reserve(projectId: string, numbers: 0 | 1): Promise<Reserved> {
  return new Promise((resolve, reject) => {
    const line = waiting.get(projectId);
    const mine = { numbers, resolve, reject };
    if (line !== undefined) {
      line.push(mine);
      return;
    }
    waiting.set(projectId, [mine]);
    setImmediate(() => void serve(projectId));
  });
}

async function serve(projectId: string): Promise<void> {
  const line = waiting.get(projectId) ?? [];
  waiting.delete(projectId);
  const numbers = line.reduce((sum, one) => sum + one.numbers, 0);
  try {
    const after = await CounterModel.findOneAndUpdate(
      { _id: objectId(projectId) },
      { $inc: { number: numbers, rank: line.length } },
      { returnDocument: 'after' },
    ).lean();
    if (after === null) throw new Error(`the counter of project ${projectId} is missing`);
    let number = after.number - numbers;
    let rank = after.rank - line.length;
    for (const one of line) {
      number += one.numbers;
      rank += 1;
      one.resolve({ number, rank });
    }
  } catch (error) {
    for (const one of line) one.reject(error);
  }
}
