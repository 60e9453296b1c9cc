import { LeaseModel } from '../db/lease.ts';
import { EventModel } from './event.model.ts';
import { onceInSlice, originOf, type Follower, type FollowerContext } from './follow.ts';
import { FollowerModel, ParkedEventModel } from './follower.model.ts';
import { numberedUpTo } from './log-position.model.ts';
import { parkEvent } from './parking.ts';
import type { NumberedEvent } from './read-log.ts';
import { followerLease } from './run-follower.ts';

/** How a follower is doing. */
export interface FollowerState {
  name: string;
  /** The number of the last event it is done with; null before its first start. */
  seq: number | null;
  /** How many events of the log come after it. */
  lag: number;
  /** Who leads it now. */
  owner: string | null;
  parked: number;
}

/** How every declared follower is doing. */
export async function followerStates(followers: readonly Follower[]): Promise<FollowerState[]> {
  const [head, places, leases, parked] = await Promise.all([
    numberedUpTo(),
    FollowerModel.find().lean(),
    LeaseModel.find({ until: { $gt: new Date() } }).lean(),
    ParkedEventModel.aggregate<{ _id: string; count: number }>([
      { $group: { _id: '$follower', count: { $sum: 1 } } },
    ]),
  ]);
  return followers.map(({ name, from }) => {
    const seq = places.find((one) => one._id === name)?.seq ?? null;
    return {
      name,
      seq,
      lag: Math.max(0, head - (seq ?? (from === 'head' ? head : 0))),
      owner: leases.find((one) => one._id === followerLease(name))?.owner ?? null,
      parked: parked.find((one) => one._id === name)?.count ?? 0,
    };
  });
}

/** Makes a follower go through the log again from event number `from`; the worker notices within seconds. */
export async function replayFollower({ name }: Follower, from: number): Promise<void> {
  await FollowerModel.updateOne(
    { _id: name },
    { $set: { seq: from - 1, failing: null, at: new Date() } },
    { upsert: true },
  );
}

/** What came of running parked events again. */
export interface Unparked {
  done: number;
  failed: { seq: number; error: string }[];
}

/** Runs a follower's parked events again, here and now, in the order of the log: all of them, or the one with this event id. */
export async function unparkEvents(
  follower: Follower,
  eventId: string | undefined,
  ctx: Pick<FollowerContext, 'log' | 'signal'> & { now(): Date },
): Promise<Unparked> {
  const parked = await ParkedEventModel.find({
    follower: follower.name,
    ...(eventId !== undefined && { eventId }),
  })
    .sort({ seq: 1 })
    .lean();
  const outcome: Unparked = { done: 0, failed: [] };
  for (const { _id, eventId: id, seq } of parked) {
    const event = await EventModel.findOne({ _id: id }).lean<NumberedEvent>();
    try {
      // An event that has been removed since leads to nothing any more.
      if (event !== null) {
        const origin = originOf(event, () => ctx.now());
        await follower.handle(event, { log: ctx.log, signal: ctx.signal, origin, once: onceInSlice() });
      }
      await ParkedEventModel.deleteOne({ _id });
      outcome.done += 1;
    } catch (error) {
      if (event !== null) await parkEvent(follower.name, event, error, 1);
      outcome.failed.push({ seq, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return outcome;
}
