import { setImmediate as immediate } from 'node:timers/promises';
import type mongoose from 'mongoose';
import { pause, within } from '../db/pause.ts';
import { EventModel } from './event.model.ts';

type Id = mongoose.Types.ObjectId;

/** Some events in the order of their commits, and the token after the last of them. */
export interface CommittedBatch {
  ids: Id[];
  token: unknown;
}

/** The change stream of new events. */
export interface CommitStream {
  /** Where a stream opened now would go on without a gap; null when the server has not said. */
  readonly openedAt: unknown;
  /** Batches until the signal aborts; an empty one brings a fresher token now and then. Throws when the stream ends. */
  batches(signal: AbortSignal): AsyncGenerator<CommittedBatch>;
  close(): Promise<void>;
}

interface Change {
  _id: unknown;
  documentKey: { _id: Id };
}

const mostInBatch = 500;
/** Several events share the cost of a batch when the batches do not follow at once. */
const gatherMs = 15;
/** The server forgets old places: a quiet log keeps its own fresh. */
const idleMs = 30_000;

/** Opens the stream after `token`, or now; resolves when the server has it open. Throws when it does not know the token. */
export async function openCommitStream(token: unknown): Promise<CommitStream> {
  const stream = EventModel.collection.watch<mongoose.mongo.Document, mongoose.mongo.ChangeStreamDocument>(
    [{ $match: { operationType: 'insert' } }, { $project: { documentKey: 1 } }],
    { batchSize: mostInBatch, ...(token !== null && { resumeAfter: token }) },
  );
  // The pipeline keeps inserts only, and of them these two fields.
  const next = () => stream.next() as unknown as Promise<Change>;
  try {
    // Waits for a change for up to a second: that is how the driver shows that the stream is open.
    const first = (await stream.tryNext()) as unknown as Change | null;
    const openedAt: unknown = stream.resumeToken ?? null;
    return {
      openedAt,
      batches: (signal) => batchesOf(first, next, () => stream.resumeToken, signal),
      close: () => stream.close(),
    };
  } catch (error) {
    await stream.close().catch(() => undefined);
    throw error;
  }
}

async function* batchesOf(
  first: Change | null,
  next: () => Promise<Change>,
  currentToken: () => unknown,
  signal: AbortSignal,
): AsyncGenerator<CommittedBatch> {
  const ask = (): Promise<Change> => {
    const asked = next();
    // Awaited below; until then its failure must not count as unhandled.
    asked.catch(() => undefined);
    return asked;
  };
  let pending = first === null ? ask() : Promise.resolve(first);
  while (!signal.aborted) {
    const change = await within(pending, idleMs, signal);
    if (signal.aborted) return;
    if (change === undefined) {
      // Nothing has come: the token speaks of nothing that was not handed out.
      yield { ids: [], token: currentToken() };
      continue;
    }
    const ids = [change.documentKey._id];
    let token = change._id;
    pending = ask();
    while (ids.length < mostInBatch) {
      const more = await Promise.race([pending, immediate()]);
      if (more === undefined) break;
      ids.push(more.documentKey._id);
      token = more._id;
      pending = ask();
    }
    yield { ids, token };
    await pause(gatherMs, signal);
  }
}
