import { EventModel } from './event.model.ts';
import type { Follower } from './follow.ts';
import { followerStates, type FollowerState } from './follower-desk.ts';

/** How well the log keeps up. */
export interface LogReadings {
  /** The age of the oldest event without a number; 0 when all have one. */
  sequencerLagSeconds: number;
  followers: FollowerState[];
}

/** Reads how far numbering and followers are behind. */
export async function logReadings(followers: readonly Follower[]): Promise<LogReadings> {
  const [oldest, states] = await Promise.all([oldestUnnumbered(), followerStates(followers)]);
  // The age in true time; a clock that was set back must not show a negative one.
  const age = oldest === null ? 0 : Math.max(0, Date.now() - oldest.getTime());
  return { sequencerLagSeconds: age / 1000, followers: states };
}

/** Looks only at events made since the last numbered one, so that nothing has to be counted; ids grow with time. */
async function oldestUnnumbered(): Promise<Date | null> {
  const last = await EventModel.findOne({ seq: { $gt: 0 } }, { _id: 1 })
    .sort({ seq: -1 })
    .lean();
  const event = await EventModel.findOne(
    { ...(last && { _id: { $gt: last._id } }), seq: { $exists: false } },
    { _id: 1 },
  )
    .sort({ _id: 1 })
    .lean();
  return event?._id.getTimestamp() ?? null;
}
