import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import mongoose from 'mongoose';
import type { Logger } from 'pino';
import { plainSchema } from './base-schema.ts';
import { fromDatabaseNow } from './database-time.ts';
import { duplicatePlace } from './faults.ts';
import { backoffMs, pause, within } from './pause.ts';

/** Who of several processes does a thing that only one may do, and until when nobody else may take it over. */
export interface StoredLease {
  /** What is leased. */
  _id: string;
  owner: string | null;
  until: Date;
}

const schema = plainSchema<StoredLease>({
  _id: { type: String, required: true },
  owner: { type: String, default: null },
  until: { type: Date, required: true },
});

/** The leases collection. */
export const LeaseModel = mongoose.model<StoredLease>('Lease', schema, 'leases');

const never = new Date(0);

/**
 * Takes a free or expired lease for so many milliseconds, or extends the owner's own; false while another holds it.
 * Time is the database's, so that clocks of machines do not matter.
 */
export async function takeLease(name: string, owner: string, ms: number): Promise<boolean> {
  const mayTake = {
    $or: [{ $eq: ['$owner', owner] }, { $lte: [{ $ifNull: ['$until', never] }, '$$NOW'] }],
  };
  const taken = {
    owner: { $cond: [mayTake, owner, '$owner'] },
    until: { $cond: [mayTake, fromDatabaseNow(Math.ceil(ms)), '$until'] },
  };
  try {
    const lease = await LeaseModel.findOneAndUpdate({ _id: name }, [{ $set: taken }], {
      upsert: true,
      returnDocument: 'after',
      updatePipeline: true,
    }).lean();
    return lease?.owner === owner;
  } catch (error) {
    // Two processes made the first lease of this name at once.
    if (duplicatePlace(error) !== undefined) return false;
    throw error;
  }
}

/** Extends a lease; false when it is no longer the owner's. */
export async function renewLease(name: string, owner: string, ms: number): Promise<boolean> {
  const extended = [{ $set: { until: fromDatabaseNow(Math.ceil(ms)) } }];
  const { matchedCount } = await LeaseModel.updateOne({ _id: name, owner }, extended, {
    updatePipeline: true,
  });
  return matchedCount === 1;
}

/** Gives a lease back, so that the next one need not wait until it expires. */
export async function releaseLease(name: string, owner: string): Promise<void> {
  await LeaseModel.updateOne({ _id: name, owner }, { $set: { owner: null, until: never } });
}

/** What `whileLeader` runs and under which conditions. */
export interface Leadership {
  /** For how long a leader that fell silent keeps the others waiting. */
  ms: number;
  /** Ends the leadership, or the wait for it. */
  signal: AbortSignal;
  log: Logger;
  /**
   * The leader's work; its signal aborts when the leadership ends. A leader that was asleep (a stopped process) may
   * still write for a moment after another has taken over: such writes must be conditional or refused by an index.
   */
  run(signal: AbortSignal): Promise<void>;
}

const firstPauseMs = 250;
const mostPauseMs = 5_000;
/** A failure that lasts is told again about once a minute. */
const tellEvery = 12;

/**
 * Runs the work whenever this process is the one that holds the lease, until the signal aborts. A failed run is logged and
 * tried again after a pause; a database that is away is waited for. Resolves when the work has ended; never rejects.
 */
export async function whileLeader(name: string, { ms, signal, log, run }: Leadership): Promise<void> {
  const owner = `${hostname()}:${String(process.pid)}:${randomUUID().slice(0, 8)}`;
  let failures = 0;
  while (!signal.aborted) {
    const askedAt = performance.now();
    try {
      if (await takeLease(name, owner, ms)) {
        await lead(name, owner, askedAt, { ms, signal, log, run });
        failures = 0;
      }
      await pause(ms / 2, signal);
    } catch (err) {
      failures += 1;
      if (!signal.aborted && failures % tellEvery === 1)
        log.warn({ err, lease: name, failures }, 'a leader failed and will try again');
      await pause(backoffMs(failures, firstPauseMs, mostPauseMs), signal);
    }
  }
}

/** Runs the work while a second loop renews; whichever ends first ends the other. */
async function lead(
  name: string,
  owner: string,
  takenAt: number,
  { ms, signal, log, run }: Leadership,
): Promise<void> {
  const ending = new AbortController();
  const leading = AbortSignal.any([signal, ending.signal]);
  const renew = (): Promise<boolean> => renewLease(name, owner, ms);
  const renewing = keepLease(renew, { ms, takenAt, signal: leading }).then((isLost) => {
    if (isLost && !leading.aborted) log.warn({ lease: name }, 'a lease was lost');
    ending.abort();
  });
  try {
    await run(leading);
  } finally {
    ending.abort();
    await renewing;
    await releaseLease(name, owner).catch(() => undefined);
  }
}

/** A lease that is kept by renewing it. */
export interface Keeping {
  /** For how long it holds without being renewed. */
  ms: number;
  /** When it was taken, in the time of `performance.now()`. */
  takenAt: number;
  signal: AbortSignal;
}

/**
 * Renews every third of a lease's time until told to stop (false) or until the lease may have passed to somebody else
 * (true): `renew` said false, or said nothing for as long as the lease holds. Never rejects.
 */
export async function keepLease(
  renew: () => Promise<boolean>,
  { ms, takenAt, signal }: Keeping,
): Promise<boolean> {
  let sureUntil = takenAt + ms;
  for (;;) {
    await pause(Math.max(0, Math.min(ms / 3, sureUntil - performance.now())), signal);
    if (signal.aborted) return false;
    const askedAt = performance.now();
    // Counted from before the question: the database counts from when it got it, which is later.
    const renewing = renew().catch(() => undefined);
    const outcome = await within(renewing, Math.max(0, sureUntil - askedAt), signal);
    if (outcome === true) sureUntil = askedAt + ms;
    if (outcome === false || performance.now() >= sureUntil) return !signal.aborted;
  }
}
