import mongoose from 'mongoose';
import type { Logger } from 'pino';
import { isDatabaseAway } from '../db/faults.ts';
import { whileLeader } from '../db/lease.ts';
import { openCommitStream, type CommitStream } from './commit-stream.ts';
import { EventModel } from './event.model.ts';
import type { LogHead } from './log-head.ts';
import { LogPositionModel, positionId, type StoredLogPosition } from './log-position.model.ts';

/** What the sequencer works with. */
export interface SequencerParts {
  log: Logger;
  /** Told of every newly numbered event. */
  head: LogHead;
  leaseMs: number;
  signal: AbortSignal;
}

type Position = Pick<StoredLogPosition, 'seq' | 'token'>;
type Id = mongoose.Types.ObjectId;

/**
 * Gives every event its number, in the order of the commits and without a gap, while this process holds the lease.
 * Resolves when the signal has aborted and the batch at hand is finished; never rejects.
 */
export function runSequencer({ log, head, leaseMs, signal }: SequencerParts): Promise<void> {
  let isTokenTrusted = true;
  const run = async (leading: AbortSignal): Promise<void> => {
    let isMoving = false;
    try {
      const position = await repairedPosition();
      const start = isTokenTrusted ? position : { ...position, token: null };
      for await (const { seq } of numbered(start, log, leading)) {
        isMoving ||= seq > start.seq;
        head.advance(seq);
      }
      isTokenTrusted = true;
    } catch (error) {
      if (leading.aborted) return;
      // A place from which nothing ever comes but an error is no place: everything is looked through instead.
      isTokenTrusted = isMoving || isDatabaseAway(error);
      throw error;
    }
  };
  return whileLeader('sequencer', { ms: leaseMs, signal, log, run });
}

/** The stored position; moved on to the highest number that any event has. */
async function repairedPosition(): Promise<Position> {
  const [stored, last] = await Promise.all([
    LogPositionModel.findOne({ _id: positionId }).lean(),
    EventModel.findOne({ seq: { $gt: 0 } }, { seq: 1 })
      .sort({ seq: -1 })
      .lean(),
  ]);
  const seq = Math.max(stored?.seq ?? 0, last?.seq ?? 0);
  if (stored?.seq !== seq) {
    await LogPositionModel.updateOne(
      { _id: positionId },
      { $set: { seq, at: new Date() }, $setOnInsert: { token: null } },
      { upsert: true },
    );
  }
  return { seq, token: stored?.token ?? null };
}

/** Numbers what comes and gives each new position. */
async function* numbered(start: Position, log: Logger, signal: AbortSignal): AsyncGenerator<Position> {
  const { stream, ...opened } = await openAt(start, log);
  let { position } = opened;
  try {
    yield position;
    if (position.token === null) {
      // The stream is open already: what is committed during the search comes by it.
      for await (const ids of unnumbered(signal)) {
        position = await stamp(position, ids, null);
        yield position;
      }
      if (signal.aborted) return;
      position = await stamp(position, [], stream.openedAt);
    }
    for await (const { ids, token } of stream.batches(signal)) {
      if (ids.length === 0 && isSameToken(token, position.token)) continue;
      position = await stamp(position, ids, token);
      yield position;
    }
  } finally {
    await stream.close().catch(() => undefined);
  }
}

async function openAt(
  position: Position,
  log: Logger,
): Promise<{ stream: CommitStream; position: Position }> {
  try {
    return { stream: await openCommitStream(position.token), position };
  } catch (err) {
    if (position.token === null || isDatabaseAway(err)) throw err;
    log.warn({ err }, 'the place in the change stream is gone: looking for events without a number');
    return { stream: await openCommitStream(null), position: { ...position, token: null } };
  }
}

const isSameToken = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const searchedAtOnce = 500;

/** Every event without a number, in the order in which they were made. Reads the whole collection once. */
async function* unnumbered(signal: AbortSignal): AsyncGenerator<Id[]> {
  const cursor = EventModel.find({ seq: { $exists: false } }, { _id: 1 })
    .sort({ _id: 1 })
    .setOptions({ maxTimeMS: 0 })
    .lean()
    .cursor({ batchSize: searchedAtOnce });
  let ids: Id[] = [];
  for await (const { _id } of cursor) {
    if (signal.aborted) return;
    ids.push(_id);
    if (ids.length < searchedAtOnce) continue;
    yield ids;
    ids = [];
  }
  if (ids.length > 0) yield ids;
}

/** Numbers those of the events that have no number, in this order, and stores the position with the token. */
async function stamp(position: Position, ids: Id[], token: unknown): Promise<Position> {
  const fresh = await withoutNumber(ids);
  // No transaction: one that is open when this process is killed would keep its successor waiting for a minute. Native:
  // nothing here needs casting, and this runs for every event.
  const result = await mongoose.connection
    .getClient()
    .bulkWrite(statements(position, fresh, token), { ordered: true });
  if (result.matchedCount !== fresh.length + 1) throw new Error('another sequencer has moved the position');
  return { seq: position.seq + fresh.length, token };
}

/** Some come twice: a search and the stream, or a stream and its repetition, overlap. What is removed needs no number. */
async function withoutNumber(ids: Id[]): Promise<Id[]> {
  if (ids.length === 0) return ids;
  const events = await EventModel.find({ _id: { $in: ids } }, { seq: 1 }).lean();
  const open = new Set(events.filter(({ seq }) => seq === undefined).map(({ _id }) => _id.toHexString()));
  return ids.filter((id) => open.has(id.toHexString()));
}

/** In this order: numbers one after the other, then the position together with the token. */
function statements(
  { seq }: Position,
  ids: Id[],
  token: unknown,
): mongoose.mongo.AnyClientBulkWriteModel<mongoose.mongo.Document>[] {
  const { name: database } = mongoose.connection;
  const stamps = ids.map((_id, index) => ({
    name: 'updateOne' as const,
    namespace: `${database}.${EventModel.collection.name}`,
    filter: { _id, seq: { $exists: false } },
    update: { $set: { seq: seq + index + 1 } },
  }));
  return [
    ...stamps,
    {
      name: 'updateOne',
      namespace: `${database}.${LogPositionModel.collection.name}`,
      // The driver's types take ids for ObjectIds.
      filter: { _id: positionId as unknown as Id, seq },
      update: { $set: { seq: seq + ids.length, token, at: new Date() } },
    },
  ];
}
