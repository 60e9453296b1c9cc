import { randomUUID } from 'node:crypto';
import { fromDatabaseNow } from '../db/database-time.ts';
import { isConflict } from '../db/faults.ts';
import { JobModel, type StoredJob } from './job.model.ts';

/** A job that this process has claimed, until its lease is over or renewed. */
export type ClaimedJob = Pick<
  StoredJob,
  '_id' | 'name' | 'payload' | 'attempts' | 'leaseMs' | 'lastError'
> & {
  lease: string;
  /** When it was asked for, in the time of `performance.now()`: the lease began later. */
  askedAt: number;
};

const keptDays = 7;
const dayMs = 86_400_000;
const longestError = 2_000;

/**
 * Claims the job that has been due longest, of these kinds; null when there is none. A claim counts as a try at once, so
 * that a job that kills its process runs out of tries too. Leases are judged by the clock of the database.
 */
export async function claimJob(names: readonly string[], now: Date): Promise<ClaimedJob | null> {
  const lease = randomUUID();
  const askedAt = performance.now();
  const isFree = [{ state: 'waiting' as const }, { $expr: { $lte: ['$leaseUntil', '$$NOW'] } }];
  try {
    const before = await JobModel.findOneAndUpdate(
      { nextAt: { $lte: now }, name: { $in: [...names] }, $or: isFree },
      [
        {
          $set: {
            state: 'running',
            lease,
            attempts: { $add: ['$attempts', 1] },
            nextAt: { $dateAdd: { startDate: now, unit: 'millisecond', amount: '$leaseMs' } },
            leaseUntil: fromDatabaseNow('$leaseMs'),
          },
        },
      ],
      { sort: { nextAt: 1 }, returnDocument: 'before', updatePipeline: true },
    ).lean<StoredJob>();
    if (before === null) return null;
    const { _id, name, payload, leaseMs } = before;
    const isOrphan = before.state === 'running';
    const lastError = isOrphan ? `Try ${String(before.attempts)} ended without a word.` : before.lastError;
    return { _id, name, payload, leaseMs, lease, askedAt, lastError, attempts: before.attempts + 1 };
  } catch (error) {
    // A rival was faster: there may be other jobs.
    if (isConflict(error)) return claimJob(names, now);
    throw error;
  }
}

/** Prolongs a claim; false when it is no longer ours. */
export async function renewClaim({ _id, lease, leaseMs }: ClaimedJob, now: Date): Promise<boolean> {
  const renewed = { nextAt: new Date(now.getTime() + leaseMs), leaseUntil: fromDatabaseNow(leaseMs) };
  const { matchedCount } = await JobModel.updateOne({ _id, lease }, [{ $set: renewed }], {
    updatePipeline: true,
  });
  return matchedCount === 1;
}

type Ending = Partial<Pick<StoredJob, 'state' | 'nextAt' | 'lastError' | 'endedAt' | 'forgetAt'>>;

/** Ends a claim; false when it was no longer ours, and then nothing is changed. */
async function endClaim({ _id, lease }: ClaimedJob, ending: Ending, attempts = 0): Promise<boolean> {
  const $set = { lease: null, leaseUntil: null, ...ending };
  const update = attempts === 0 ? { $set } : { $set, $inc: { attempts } };
  const { matchedCount } = await JobModel.updateOne({ _id, lease }, update);
  return matchedCount === 1;
}

/** The job is done; it is kept for seven days. */
export const finishJob = (job: ClaimedJob, now: Date): Promise<boolean> =>
  endClaim(job, {
    state: 'done',
    nextAt: null,
    lastError: null,
    endedAt: now,
    forgetAt: new Date(now.getTime() + keptDays * dayMs),
  });

/** The job failed and is tried again at `nextAt`. */
export const postponeJob = (job: ClaimedJob, error: string, nextAt: Date): Promise<boolean> =>
  endClaim(job, { state: 'waiting', nextAt, lastError: error.slice(0, longestError) });

/** The job has used up its tries and waits for an operator. */
export const parkJob = (job: ClaimedJob, error: string, now: Date): Promise<boolean> =>
  endClaim(job, { state: 'parked', nextAt: null, lastError: error.slice(0, longestError), endedAt: now });

/** The process stops: somebody else may have the job at once, and this try does not count. */
export const handBackJob = (job: ClaimedJob, now: Date): Promise<boolean> =>
  endClaim(job, { state: 'waiting', nextAt: now }, -1);
