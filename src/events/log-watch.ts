import mongoose from 'mongoose';
import type { Logger } from 'pino';
import { pause } from '../db/pause.ts';
import { EventModel, type StoredEvent } from './event.model.ts';
import { LogPositionModel, positionId } from './log-position.model.ts';

/** An event as it was committed; what changed is left out. */
export type CommittedEvent = Omit<StoredEvent, 'changes'>;

/** Who hears of what the log does. */
export interface LogListener {
  /** Called for every event once, in the order of the commits, before it has a number. */
  committed(event: CommittedEvent): void;
  /** Called when there may be newly numbered events. */
  moved(): void;
  /** Called when events may have passed unheard. */
  missed(): void;
}

/** The watch of one process over the log. */
export interface LogWatch {
  /** Whether everything committed until a second ago has been told to the listener. */
  isFresh(): boolean;
  stop(): void;
}

const positions = LogPositionModel.collection.name;
const freshForMs = 1_000;
const longestAwaitMs = 300;
const pollMs = 250;
/** A server that does not wait is not asked all the time. */
const quickMs = 20;
const firstPauseMs = 250;
const longestPauseMs = 10_000;

const pipeline = [
  { $changeStream: {} },
  {
    $match: {
      $or: [
        { 'ns.coll': EventModel.collection.name, operationType: 'insert' },
        { 'ns.coll': positions, 'documentKey._id': positionId },
      ],
    },
  },
  { $project: { ns: 1, 'fullDocument._id': 1, ...told() } },
];

function told() {
  const fields = ['name', 'at', 'actorId', 'operationId', 'requestId', 'projectId', 'subject', 'data'];
  return Object.fromEntries(fields.map((field) => [`fullDocument.${field}`, 1]));
}

interface Change {
  ns: { coll: string };
  fullDocument?: CommittedEvent;
}

/**
 * Follows commits to the log through one change stream of the database. While there is none, `moved` is called four
 * times a second, and the stream is opened again after growing pauses.
 */
export function watchLog(log: Logger, listener: LogListener): LogWatch {
  let freshAt = -Infinity;
  const stopping = new AbortController();
  const { signal } = stopping;

  const tell = ({ ns, fullDocument }: Change): void => {
    if (ns.coll === positions) listener.moved();
    else if (fullDocument !== undefined) listener.committed(fullDocument);
  };

  /** Ends by throwing. */
  const follow = async (opened: () => void): Promise<never> => {
    const { db } = mongoose.connection;
    if (db === undefined) throw new Error('there is no connection to the database');
    const options = { maxAwaitTimeMS: longestAwaitMs, tailable: true, awaitData: true };
    const cursor = db.aggregate<Change>(pipeline, options);
    try {
      for (let isFirst = true, askedAt = 0; ; isFirst = false) {
        signal.throwIfAborted();
        const asks = cursor.bufferedCount() === 0;
        if (asks) askedAt = performance.now();
        const change = await cursor.tryNext();
        if (isFirst) {
          // Only now is the stream open: what was committed before it may be unknown here.
          listener.missed();
          listener.moved();
          opened();
        }
        if (change !== null) tell(change);
        else if (cursor.closed || cursor.id?.isZero() === true) throw new Error('the stream has ended');
        else if (performance.now() - askedAt < quickMs) await pause(quickMs);
        // The whole batch is told: with it everything committed before the batch was asked for.
        if (cursor.bufferedCount() === 0) freshAt = askedAt;
      }
    } finally {
      await cursor.close().catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted;) {
      try {
        await follow(() => {
          failures = 0;
        });
      } catch (err) {
        freshAt = -Infinity;
        if (signal.aborted) return;
        failures += 1;
        if (failures === 2) log.warn({ err }, 'the log cannot be followed, it is polled instead');
        await poll(Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1)));
      }
    }
  };

  const poll = async (forMs: number): Promise<void> => {
    const until = performance.now() + forMs;
    while (!signal.aborted && performance.now() < until) {
      listener.moved();
      await pause(pollMs, signal);
    }
  };

  // Not at once: whoever stops it in the same breath never opens a stream.
  setImmediate(() => void run());
  return {
    isFresh: () => performance.now() - freshAt < freshForMs,
    stop: () => {
      stopping.abort();
    },
  };
}
