import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { mongo } from 'mongoose';
import { BackupError } from './backup-error.ts';
import { openSound, unsealed, type Header, type SoundFile } from './container.ts';
import { fromBytes, toBytes } from './exact-bson.ts';
import type { DescribedCollection, Progress } from './make-backup.ts';
import { markUnfinished, unfinishedRestore, unmark } from './mark.ts';
import { countsAsData, holdsSessions, markCollection, stagingPrefix } from './policy.ts';
import { tally, unpacked, type BackupRecord } from './records.ts';
import { stat } from 'node:fs/promises';

/** What a restore needs. */
export interface RestoreOptions {
  db: mongo.Db;
  path: string;
  passphrase?: string | undefined;
  /** Whether data that is there may be replaced. */
  replace: boolean;
  /** Whether logins are restored too. */
  keepSessions: boolean;
  progress: Progress;
}

/** What was restored. */
export interface RestoreReport {
  header: Header;
  documents: number;
  collections: Record<string, { count: number; sha256: string }>;
}

/** What a file says when it is read to its end without a database. */
export type CheckReport = RestoreReport;

/** Reads a whole file and holds everything in it against its sums. Throws a `BackupError`. */
export async function checkBackup(
  path: string,
  passphrase: string | undefined,
  progress: Progress,
): Promise<CheckReport> {
  const file = await soundFile(path, progress);
  const { collections, documents } = await readThrough(file, passphrase, {
    begin: async () => undefined,
    document: async () => undefined,
    end: async () => undefined,
  });
  return { header: file.header, documents, collections };
}

/**
 * Puts a backup in the place of what the database holds. Nothing that is there is touched until every document of the file
 * has been stored beside it and read back; from then on until the end the database is marked, and servers refuse to start on
 * it. A restore that was interrupted is simply run again. Throws a `BackupError`.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { db, path, progress } = options;
  const file = await soundFile(path, progress);
  await requirePassphrase(file, options.passphrase);
  await requireRoom(db, options.replace);
  await dropStaging(db);
  try {
    const staged = await stage(options, file);
    await proveStaged(db, staged, progress);
    await markUnfinished(db, basename(path));
    await swap(db, staged, progress);
    await unmark(db);
    return { header: file.header, documents: staged.documents, collections: staged.collections };
  } catch (error) {
    await dropStaging(db).catch(() => undefined);
    throw error;
  }
}

async function soundFile(path: string, progress: Progress): Promise<SoundFile> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  let done = 0;
  return openSound(path, (bytes) => {
    done += bytes;
    progress('checking the file', done, size);
  });
}

/** The contents are the first thing inside: whoever can read them has the passphrase. */
async function requirePassphrase(file: SoundFile, passphrase: string | undefined): Promise<void> {
  for await (const record of recordsOf(file, passphrase)) {
    if (record.kind === 'contents') return;
    break;
  }
  throw inconsistent();
}

async function requireRoom(db: mongo.Db, replace: boolean): Promise<void> {
  const worker = await db
    .collection('leases')
    .findOne({ owner: { $ne: null }, $expr: { $gt: ['$until', '$$NOW'] } });
  if (worker !== null)
    throw new BackupError(
      `A server is at work on this database (${String(worker['owner'])}): stop all servers, then try again; one that was killed is forgotten after a few seconds.`,
    );
  // What an interrupted restore left is nobody's data.
  if (replace || (await unfinishedRestore(db)) !== null) return;
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    if (countsAsData(name) && (await db.collection(name).findOne({}, { projection: { _id: 1 } })) !== null)
      throw new BackupError(
        `The database is not empty (${name} has documents): restore into an empty one, or say --replace to lose what is there.`,
      );
  }
}

async function dropStaging(db: mongo.Db): Promise<void> {
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
    if (name.startsWith(stagingPrefix)) await db.collection(name).drop();
}

/** What a file holds, as it was met. */
interface Read {
  described: DescribedCollection[];
  documents: number;
  /** What was restored, with the sums of the bytes that were stored. */
  collections: RestoreReport['collections'];
}

interface Receiver {
  begin(collection: DescribedCollection): Promise<void>;
  document(collection: DescribedCollection, bytes: Buffer): Promise<void>;
  end(collection: DescribedCollection): Promise<void>;
}

const inconsistent = (): BackupError =>
  new BackupError(
    'The file is whole, but its parts do not fit together: it was not written by this product.',
  );

async function* recordsOf(file: SoundFile, passphrase: string | undefined): AsyncGenerator<BackupRecord> {
  const compressed = Readable.from(unsealed(file, passphrase), { objectMode: false });
  const plain = createGunzip();
  // An error before it is passed on: without it the gunzip would wait for ever.
  compressed.on('error', (error) => plain.destroy(error));
  compressed.pipe(plain);
  try {
    yield* unpacked(plain);
  } finally {
    // Who has seen enough leaves nothing open.
    plain.destroy();
    compressed.destroy();
  }
}

async function readThrough(
  file: SoundFile,
  passphrase: string | undefined,
  receiver: Receiver,
): Promise<Read> {
  const read: Read = { described: [], documents: 0, collections: {} };
  let at = -1;
  let passing = tally();
  const current = (): DescribedCollection => {
    const collection = read.described[at];
    if (collection === undefined) throw inconsistent();
    return collection;
  };
  const begin = async (): Promise<void> => {
    at += 1;
    passing = tally();
    const next = read.described[at];
    if (next !== undefined) await receiver.begin(next);
  };
  for await (const record of recordsOf(file, passphrase)) {
    if (record.kind === 'contents') {
      if (at !== -1) throw inconsistent();
      // Written by `makeBackup`, and proved by the digest to be what it wrote.
      read.described = mongo.BSON.deserialize(record.bytes)['collections'] as DescribedCollection[];
      await begin();
    } else if (record.kind === 'document') {
      passing.add(record.bytes);
      read.documents += 1;
      await receiver.document(current(), record.bytes);
    } else if (record.kind === 'collection-end') {
      const collection = current();
      const said = mongo.BSON.deserialize(record.bytes);
      const { count, sha256 } = passing.result();
      if (said['name'] !== collection.name || said['count'] !== count || said['sha256'] !== sha256)
        throw inconsistent();
      read.collections[collection.name] = { count, sha256 };
      await receiver.end(collection);
      await begin();
    }
  }
  if (at !== read.described.length) throw inconsistent();
  return read;
}

const stagedName = (name: string): string => `${stagingPrefix}${name}`;
const documentsAtOnce = 1_000;
const bytesAtOnce = 4 * 1024 * 1024;

/** Stores the file's documents beside the data. */
async function stage(
  { db, passphrase, keepSessions, progress }: RestoreOptions,
  file: SoundFile,
): Promise<Read> {
  const total = Object.values(file.header.collections).reduce((sum, count) => sum + count, 0);
  const stored: Read['collections'] = {};
  const isWanted = ({ name }: DescribedCollection): boolean => keepSessions || !holdsSessions(name);
  let batch: mongo.Document[] = [];
  let size = 0;
  let seen = 0;
  let written = tally();
  const store = async (name: string): Promise<void> => {
    if (batch.length === 0) return;
    // The driver's types want an id that it makes itself; these documents have theirs.
    await db.collection(stagedName(name)).insertMany(batch, { ordered: false });
    batch = [];
    size = 0;
  };
  const read = await readThrough(file, passphrase, {
    begin: async (collection) => {
      written = tally();
      if (isWanted(collection)) await db.createCollection(stagedName(collection.name), collection.options);
    },
    document: async (collection, bytes) => {
      seen += 1;
      if (seen % documentsAtOnce === 0) progress('storing', seen, total);
      if (!isWanted(collection)) return;
      const document = fromBytes(bytes);
      // The bytes as they are stored: names that are whole numbers change their place on the way through JavaScript.
      written.add(toBytes(document));
      batch.push(document);
      size += bytes.length;
      if (batch.length >= documentsAtOnce || size >= bytesAtOnce) await store(collection.name);
    },
    end: async (collection) => {
      await store(collection.name);
      if (isWanted(collection)) stored[collection.name] = written.result();
    },
  });
  progress('storing', seen, total);
  const documents = Object.values(stored).reduce((sum, { count }) => sum + count, 0);
  return { described: read.described.filter(isWanted), documents, collections: stored };
}

/** Reads back what was stored. */
async function proveStaged(
  db: mongo.Db,
  { collections, documents }: Read,
  progress: Progress,
): Promise<void> {
  let done = 0;
  for (const [name, expected] of Object.entries(collections)) {
    const found = tally();
    const cursor = db
      .collection(stagedName(name))
      .find({}, { raw: true, batchSize: documentsAtOnce })
      .sort({ _id: 1 });
    for await (const document of cursor) {
      // With `raw` the driver gives each document as its bytes.
      found.add(document as unknown as Buffer);
      done += 1;
      if (done % documentsAtOnce === 0) progress('reading back', done, documents);
    }
    const { count, sha256 } = found.result();
    if (count !== expected.count || sha256 !== expected.sha256)
      throw new BackupError(
        `The database does not give back what was stored in ${name}: nothing was replaced; look into its log.`,
      );
  }
  progress('reading back', done, documents);
}

/** Puts what was stored in the place of everything else. Indexes come last: one of them removes what has expired. */
async function swap(db: mongo.Db, { described }: Read, progress: Progress): Promise<void> {
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    const isKept = name.startsWith(stagingPrefix) || name.startsWith('system.') || name === markCollection;
    if (!isKept) await db.collection(name).drop();
  }
  for (const [index, { name, indexes }] of described.entries()) {
    progress('building indexes', index, described.length);
    await db.renameCollection(stagedName(name), name);
    const specs = indexes.map(({ ns: _ns, ...spec }) => spec);
    if (specs.length > 0) await db.command({ createIndexes: name, indexes: specs });
  }
  progress('building indexes', described.length, described.length);
}
