import { objectId } from '../../db/base-schema.ts';
import type { Work } from '../../db/unit-of-work.ts';
import { CounterModel } from '../projects/index.ts';
import { noNumber } from './task-number.ts';

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
export async function reserveNumber(work: Work, projectId: string): Promise<Reserved> {
  if (work.isRehearsal) return { number: noNumber, rank: await rankToCome(projectId) };
  return reserve(projectId, 1);
}

/** Reserves the rank behind every other task of the project. */
export async function reserveEnd(work: Work, projectId: string): Promise<number> {
  return work.isRehearsal ? rankToCome(projectId) : (await reserve(projectId, 0)).rank;
}

async function rankToCome(projectId: string): Promise<number> {
  const counter = await CounterModel.findOne({ _id: objectId(projectId) }).lean();
  if (counter === null) throw missing(projectId);
  return counter.rank + 1;
}

const missing = (projectId: string): Error => new Error(`the counter of project ${projectId} is missing`);

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
    if (after === null) throw missing(projectId);
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
