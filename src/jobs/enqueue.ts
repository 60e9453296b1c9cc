import mongoose from 'mongoose';
import type { Work } from '../db/unit-of-work.ts';
import { ringBell } from './bell.ts';
import type { JobDefinition } from './define-job.ts';
import { JobModel, keyIndex } from './job.model.ts';

/** When and how often. */
export interface EnqueueOptions {
  /** Not before this time; at once when left out. */
  runAt?: Date;
  /** Makes it one job, however often it is asked for, as long as it is kept: seven days after it was done. */
  key?: string;
}

/** Keys that were taken in a unit of work that is not committed yet. */
const taken = new WeakMap<Work, Set<string>>();

/**
 * Puts a job into the caller's transaction: it exists if and only if that commits. The payload must survive JSON.
 * Throws what the job's schema throws.
 */
export async function enqueue<Out, In>(
  work: Work,
  job: JobDefinition<Out, In>,
  payload: In,
  { runAt, key }: EnqueueOptions = {},
): Promise<void> {
  job.schema.parse(payload);
  const _id = new mongoose.Types.ObjectId();
  const fullKey = key === undefined ? _id.toHexString() : `${job.name}/${key}`;
  if (key !== undefined && !(await isFree(work, fullKey))) return;
  const now = new Date();
  work.insertPlain(JobModel, {
    _id,
    name: job.name,
    key: fullKey,
    payload,
    state: 'waiting',
    nextAt: runAt ?? now,
    attempts: 0,
    leaseMs: job.leaseMs,
    lease: null,
    leaseUntil: null,
    lastError: null,
    createdAt: now,
    endedAt: null,
    forgetAt: null,
  });
  work.afterCommit(ringBell);
}

/** Looks before the transaction, because a duplicate inside would undo the caller's whole work; a rival in between makes it run again. */
async function isFree(work: Work, key: string): Promise<boolean> {
  const mine = taken.get(work) ?? new Set();
  if (mine.has(key) || (await JobModel.exists({ key })) !== null) return false;
  taken.set(work, mine.add(key));
  work.onDuplicate(JobModel, keyIndex, 'retry');
  return true;
}
