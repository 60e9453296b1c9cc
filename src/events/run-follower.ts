import type { Logger } from 'pino';
import { databaseAnswers } from '../db/connect.ts';
import { duplicatePlace, isDatabaseAway } from '../db/faults.ts';
import { whileLeader } from '../db/lease.ts';
import { backoffMs, pause } from '../db/pause.ts';
import { onceInSlice, originOf, type Follower, type FollowerContext } from './follow.ts';
import { FollowerModel, type StoredFollower } from './follower.model.ts';
import type { LogHead } from './log-head.ts';
import { numberedUpTo } from './log-position.model.ts';
import { parkEvent } from './parking.ts';
import { readLog, type NumberedEvent } from './read-log.ts';

/** What followers work with. */
export interface FollowerParts {
  log: Logger;
  head: LogHead;
  now(): Date;
  leaseMs: number;
  signal: AbortSignal;
  /** The pause after the first failure of an event. */
  firstPauseMs?: number;
}

type Place = Pick<StoredFollower, 'seq' | 'failing'>;

const sliceLength = 500;
const storeEveryMs = 1_000;
/** How soon an idle follower notices that an operator has moved it. */
const lookAgainMs = 2_000;
const mostPauseMs = 30_000;

/** The lease of a follower. */
export const followerLease = (name: string): string => `follower:${name}`;

/**
 * Leads a follower along the log while this process holds its lease. Resolves when the signal has aborted and the event at
 * hand is finished; never rejects.
 */
export function runFollower(follower: Follower, parts: FollowerParts): Promise<void> {
  const { log, leaseMs, signal } = parts;
  return whileLeader(followerLease(follower.name), {
    ms: leaseMs,
    signal,
    log,
    run: (leading) => advance(follower, { ...parts, signal: leading }),
  });
}

async function advance(follower: Follower, parts: FollowerParts): Promise<void> {
  const { head, signal } = parts;
  let place = await placeOf(follower);
  while (!signal.aborted) {
    if (head.seq() > place.seq) {
      place = await handleSlice(follower, place, parts);
      continue;
    }
    await head.beyond(place.seq, lookAgainMs, signal);
    if (!signal.aborted) place = await placeOf(follower);
  }
}

/** The stored place; a new follower gets one. */
async function placeOf({ name, from }: Follower): Promise<Place> {
  const known = await FollowerModel.findOne({ _id: name }).lean();
  if (known !== null) return known;
  const place: Place = { seq: from === 'head' ? await numberedUpTo() : 0, failing: null };
  await FollowerModel.updateOne(
    { _id: name },
    { $setOnInsert: { ...place, at: new Date() } },
    { upsert: true },
  ).catch((error: unknown) => {
    // The operator has placed it at the same moment; the next move notices.
    if (duplicatePlace(error) === undefined) throw error;
  });
  return place;
}

/** Acts on the next stretch of the log and stores how far that went. */
async function handleSlice(follower: Follower, start: Place, parts: FollowerParts): Promise<Place> {
  const { head, signal } = parts;
  const upTo = Math.min(head.seq(), start.seq + sliceLength);
  const events = await readLog({
    after: start.seq,
    upTo,
    limit: sliceLength,
    ...(follower.on && { filter: { name: { $in: [...follower.on] } } }),
  });
  const once = onceInSlice();
  let place = start;
  let storedAt = performance.now();
  let done = start.seq;
  for (const event of events) {
    const ctx: FollowerContext = {
      origin: originOf(event, () => parts.now()),
      log: parts.log,
      signal,
      once,
    };
    const failing = start.failing?.seq === event.seq ? start.failing.attempts : 0;
    if (!(await handleEvent(follower, event, ctx, failing, parts))) return move(follower, place, done);
    done = event.seq;
    if (performance.now() - storedAt < storeEveryMs) continue;
    place = await move(follower, place, done);
    storedAt = performance.now();
  }
  return move(follower, place, upTo);
}

/** Stores the new place. Throws when somebody else has moved the follower meanwhile. */
async function move({ name }: Follower, place: Place, seq: number): Promise<Place> {
  if (seq === place.seq) return place;
  const { matchedCount } = await FollowerModel.updateOne(
    { _id: name, seq: place.seq },
    { $set: { seq, failing: null, at: new Date() } },
  );
  if (matchedCount === 0) throw new Error(`somebody has moved the follower ${name}`);
  return { seq, failing: null };
}

/** Acts on one event, again and again if need be; false when it is time to stop before that is done. */
async function handleEvent(
  follower: Follower,
  event: NumberedEvent,
  ctx: FollowerContext,
  failures: number,
  { log, signal, firstPauseMs = 250 }: FollowerParts,
): Promise<boolean> {
  for (let attempts = failures + 1; !signal.aborted; attempts += 1) {
    try {
      await follower.handle(event, ctx);
      return true;
    } catch (err) {
      // Neither stopping nor a database that is away is the event's fault.
      if (signal.aborted) return false;
      if (isDatabaseAway(err) && !(await databaseAnswers())) throw err;
      const facts = { err, follower: follower.name, event: event.name, seq: event.seq, attempts };
      if (attempts >= follower.maxAttempts) {
        await parkEvent(follower.name, event, err, attempts);
        log.error(facts, 'a follower has set an event aside');
        return true;
      }
      log.warn(facts, 'a follower failed and will try again');
      await FollowerModel.updateOne(
        { _id: follower.name },
        { $set: { failing: { seq: event.seq, attempts }, at: new Date() } },
      );
      await pause(backoffMs(attempts, firstPauseMs, mostPauseMs), signal);
    }
  }
  return false;
}
