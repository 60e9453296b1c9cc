import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose, { type Model } from 'mongoose';
import type { Logger } from 'pino';
import { refuseHalfRestored } from './backup/index.ts';
import { DatabaseError } from './connect.ts';
import { duplicatePlace, isDatabaseAway } from './faults.ts';
import { releaseLease, takeLease } from './lease.ts';

const lease = 'migrations';
const leaseMs = 60_000;
const pauseMs = 200;

/**
 * Brings collections and indexes to what the models declare. Several processes may start at once:
 * one works under a lease in the database, the others wait for it and then find nothing left to do.
 * Throws a `DatabaseError` while the database is half restored, and when it cannot be brought up to date.
 */
export async function migrate(models: readonly Model<never>[], log: Logger): Promise<void> {
  const { db } = mongoose.connection;
  if (db !== undefined) await refuseHalfRestored(db);
  const owner = randomUUID();
  while (!(await takeLease(lease, owner, leaseMs))) await sleep(pauseMs);
  try {
    for (const model of models) {
      await bringUp(model, log).catch((error: unknown) => {
        throw refusalOf(error, model.collection.name);
      });
    }
  } finally {
    // Where this fails too, the first failure tells more, and the lease ends by itself.
    await releaseLease(lease, owner).catch(() => undefined);
  }
}

/** Why a collection could not be brought up, and what an operator does about it. */
function refusalOf(cause: unknown, collection: string): DatabaseError {
  const [, index] = duplicatePlace(cause)?.split(' ') ?? [];
  if (index !== undefined) {
    return new DatabaseError(
      `The collection ${collection} has several documents with the same value where only one may have it, so its unique index ${index} cannot be built: remove or correct all but one of them and start again.`,
      { cause },
    );
  }
  if (isDatabaseAway(cause)) {
    return new DatabaseError(
      `The database stopped answering while the collection ${collection} was brought up to date: check MONGO_URI and that the server runs, then start again.`,
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DatabaseError(
    `The collection ${collection} could not be brought up to date (${reason.replace(/\s+/g, ' ')}): let the user of MONGO_URI create collections and indexes and look at the log of the database, then start again.`,
    { cause },
  );
}

async function bringUp(model: Model<never>, log: Logger): Promise<void> {
  const collections = await mongoose.connection.listCollections();
  if (!collections.some(({ name }) => name === model.collection.name)) await model.createCollection();
  const { toDrop, toCreate } = await model.diffIndexes();
  // Mongoose types the names as any.
  for (const name of toDrop as string[]) {
    log.info(
      { collection: model.collection.name, index: name },
      'dropping an index nobody declares any more',
    );
    await model.collection.dropIndex(name);
  }
  for (const index of toCreate) log.info({ collection: model.collection.name, index }, 'building an index');
  if (toCreate.length > 0) await model.createIndexes();
}
