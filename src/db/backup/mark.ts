import type { mongo } from 'mongoose';
import { DatabaseError } from '../connect.ts';
import { markCollection } from './policy.ts';

/** A restore that has begun to replace the data and has not finished. */
export interface UnfinishedRestore {
  _id: 'unfinished';
  /** The file, as it was named. */
  file: string;
  startedAt: Date;
}

const marks = (db: mongo.Db): mongo.Collection<UnfinishedRestore> => db.collection(markCollection);

/** The restore that was begun and not finished, if any. */
export const unfinishedRestore = (db: mongo.Db): Promise<UnfinishedRestore | null> =>
  marks(db).findOne({ _id: 'unfinished' });

/** Says that from now on the database is neither the old nor the new one. */
export async function markUnfinished(db: mongo.Db, file: string): Promise<void> {
  const mark = { file, startedAt: new Date() };
  await marks(db).updateOne(
    { _id: 'unfinished' },
    { $set: mark },
    { upsert: true, writeConcern: { w: 'majority' } },
  );
}

/** Says that the database is whole. */
export async function unmark(db: mongo.Db): Promise<void> {
  await marks(db).deleteOne({ _id: 'unfinished' }, { writeConcern: { w: 'majority' } });
}

/** Throws a `DatabaseError` while the database is half restored. */
export async function refuseHalfRestored(db: mongo.Db): Promise<void> {
  const mark = await unfinishedRestore(db);
  if (mark === null) return;
  throw new DatabaseError(
    `The database is half restored (from ${mark.file}, begun at ${mark.startedAt.toISOString()}): run the restore again, it begins anew.`,
  );
}
