import { mongo } from 'mongoose';
import { BackupError } from './backup-error.ts';

/** One fixed state of the database, however long it is looked at. */
export interface Snapshot {
  /** How the state is held still. */
  readonly by: 'snapshot reads' | 'one transaction';
  readonly session: mongo.ClientSession;
}

/** SnapshotTooOld, NoSuchTransaction, TransactionExceededLifetimeLimitSeconds */
const tooLongCodes = new Set([239, 251, 290]);

/**
 * Runs `look` on one fixed state of the database; writers go on meanwhile. Uses snapshot reads where the server has them
 * (MongoDB 5.0 and newer), because a transaction of a real server ends after 60 seconds; elsewhere one transaction.
 */
export async function withSnapshot<R>(
  client: mongo.MongoClient,
  db: mongo.Db,
  look: (snapshot: Snapshot) => Promise<R>,
): Promise<R> {
  const hasReads = await hasSnapshotReads(db);
  const session = client.startSession({ causalConsistency: false, snapshot: hasReads });
  try {
    if (hasReads) return await look({ by: 'snapshot reads', session });
    session.startTransaction({ readConcern: { level: 'snapshot' } });
    const result = await look({ by: 'one transaction', session });
    await session.commitTransaction();
    return result;
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    if (error instanceof mongo.MongoServerError && tooLongCodes.has(Number(error.code))) {
      throw new BackupError(
        hasReads
          ? 'The database has forgotten the state that was being read: raise minSnapshotHistoryWindowInSeconds (docs/operations.md) and try again.'
          : 'The database ended the transaction that held its state still: raise transactionLifetimeLimitSeconds and try again.',
        { cause: error },
      );
    }
    throw error;
  } finally {
    await session.endSession();
  }
}

/**
 * Whether the server reads at the time it is asked for. One that has snapshot reads refuses a time that is yet to come; the
 * embedded engine ignores it and would mix states. Nothing is written: the user of a backup may have no right to.
 */
async function hasSnapshotReads(db: mongo.Db): Promise<boolean> {
  const tomorrow = new mongo.Timestamp({ t: Math.floor(Date.now() / 1000) + 86_400, i: 1 });
  const readConcern = { level: 'snapshot', atClusterTime: tomorrow };
  try {
    await db.command({ find: 'leases', limit: 1, readConcern });
    return false;
  } catch (error) {
    if (error instanceof mongo.MongoServerError) return true;
    throw error;
  }
}
