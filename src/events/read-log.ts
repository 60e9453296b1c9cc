import type { QueryFilter } from 'mongoose';
import { EventModel, type StoredEvent } from './event.model.ts';

/** An event with its place in the one order of all events. */
export type NumberedEvent = StoredEvent & { seq: number };

/** Which stretch of the log is read. */
export interface LogStretch {
  /** The number of the last event that is known already; 0 for none. */
  after: number;
  /** The last number to read. */
  upTo?: number;
  filter?: QueryFilter<StoredEvent>;
  limit: number;
}

/** Numbered events in their order. */
export async function readLog({ after, upTo, filter = {}, limit }: LogStretch): Promise<NumberedEvent[]> {
  const seq = { $gt: after, ...(upTo !== undefined && { $lte: upTo }) };
  return EventModel.find({ ...filter, seq })
    .sort({ seq: 1 })
    .limit(limit)
    .lean<NumberedEvent[]>();
}

/** Numbered events, the newest first; `before` is the number of the last one that is known already. */
export async function readLogBackwards({
  before,
  filter,
  limit,
}: {
  before?: number;
  filter: QueryFilter<StoredEvent>;
  limit: number;
}): Promise<NumberedEvent[]> {
  const seq = { $gt: 0, ...(before !== undefined && { $lt: before }) };
  return EventModel.find({ ...filter, seq })
    .sort({ seq: -1 })
    .limit(limit)
    .lean<NumberedEvent[]>();
}

/** How many numbered events there are, counted up to `most`. */
export const countEvents = (filter: QueryFilter<StoredEvent>, most: number): Promise<number> =>
  EventModel.countDocuments({ ...filter, seq: { $gt: 0 } }, { limit: most }).exec();

/** The number of the newest event that has one; 0 when there is none. */
export const logHead = (): Promise<number> => endOfLog(-1);

/** The number of the oldest event that is kept; 0 when there is none. */
export const logTail = (): Promise<number> => endOfLog(1);

async function endOfLog(direction: 1 | -1): Promise<number> {
  const event = await EventModel.findOne({ seq: { $gt: 0 } }, { seq: 1 })
    .sort({ seq: direction })
    .lean();
  return event?.seq ?? 0;
}

const purgedAtOnce = 1_000;

/**
 * Removes the events before the first that is as young as `olderThan`, from the oldest on, so that what is kept has no
 * gap; the newest event always stays, because its number says how far the log has come. Gives how many were removed.
 */
export async function purgeEvents(olderThan: Date): Promise<number> {
  const head = await logHead();
  for (let removed = 0; ;) {
    const tail = await logTail();
    const end = Math.min(head, tail + purgedAtOnce);
    const [firstKept] = await readLog({
      after: tail - 1,
      upTo: end,
      filter: { at: { $gte: olderThan } },
      limit: 1,
    });
    const { deletedCount } = await EventModel.deleteMany({ seq: { $gt: 0, $lt: firstKept?.seq ?? end } });
    removed += deletedCount;
    if (firstKept !== undefined || deletedCount === 0) return removed;
  }
}
