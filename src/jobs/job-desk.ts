import { JobModel, jobStates, type JobState, type StoredJob } from './job.model.ts';
import { ringBell } from './bell.ts';
import { objectId } from '../db/base-schema.ts';

/** How many jobs of each state there are. */
export async function countJobs(): Promise<Record<JobState, number>> {
  const counts = await Promise.all(jobStates.map((state) => JobModel.countDocuments({ state })));
  // One count for each state, in their order.
  return Object.fromEntries(jobStates.map((state, at) => [state, counts[at] ?? 0])) as Record<
    JobState,
    number
  >;
}

/** How many jobs are parked, and for how many seconds the one due longest has been due; 0 when none is. */
export async function jobReadings(now: Date): Promise<{ lagSeconds: number; parked: number }> {
  const [due, parked] = await Promise.all([
    // A value at the left end keeps out what nobody may claim.
    JobModel.findOne({ nextAt: { $gt: new Date(0), $lte: now } }, { nextAt: 1 })
      .sort({ nextAt: 1 })
      .lean(),
    JobModel.countDocuments({ state: 'parked' }),
  ]);
  const since = due?.nextAt ?? now;
  return { lagSeconds: (now.getTime() - since.getTime()) / 1_000, parked };
}

/** The parked jobs, at most so many. */
export function parkedJobs(limit: number): Promise<StoredJob[]> {
  return JobModel.find({ state: 'parked' })
    .sort({ name: 1, endedAt: 1 })
    .limit(limit)
    .lean<StoredJob[]>()
    .exec();
}

/** Gives a parked job all its tries again, from `now` on; false when there is no parked job of this id. */
export async function retryJob(id: string, now: Date): Promise<boolean> {
  const again = { state: 'waiting' as const, attempts: 0, nextAt: now, endedAt: null };
  const { matchedCount } = await JobModel.updateOne({ _id: objectId(id), state: 'parked' }, { $set: again });
  ringBell();
  return matchedCount === 1;
}
