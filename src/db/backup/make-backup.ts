import { createWriteStream } from 'node:fs';
import { access, open, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { mongo } from 'mongoose';
import { BackupError } from './backup-error.ts';
import { openingOf, sealed, type NewHeader } from './container.ts';
import { fromBytes, toBytes } from './exact-bson.ts';
import { changeOf, isBackedUp } from './policy.ts';
import { packed, tally, type BackupRecord } from './records.ts';
import { withSnapshot, type Snapshot } from './snapshot.ts';

/** Told how far something long has come. */
export type Progress = (stage: string, done: number, total: number) => void;

/** What a backup needs. */
export interface BackupOptions {
  client: mongo.MongoClient;
  db: mongo.Db;
  /** Where the file is to be; nothing may be there yet. */
  path: string;
  /** The version of the product that makes it. */
  version: string;
  passphrase?: string | undefined;
  progress: Progress;
}

/** What was backed up. */
export interface BackupReport {
  bytes: number;
  documents: number;
  /** By collection, in the order of the file. */
  collections: Record<string, { count: number; sha256: string }>;
  by: Snapshot['by'];
  /** What the database has and a backup does not hold, such as views. */
  leftOut: string[];
}

/** A collection as the contents of a backup describe it. */
export interface DescribedCollection {
  name: string;
  options: mongo.Document;
  indexes: mongo.Document[];
}

const documentsAtOnce = 1_000;
const toldEvery = 500;

/** Writes everything that matters in the database, as it is at one moment, into one file. Throws a `BackupError`. */
export async function makeBackup(options: BackupOptions): Promise<BackupReport> {
  const { client, db, path } = options;
  if (
    await access(path).then(
      () => true,
      () => false,
    )
  )
    throw new BackupError(`${path} is there already: choose another name or remove it.`);
  const { described, leftOut } = await describe(db);
  const draft = `${path}.partial`;
  await rm(draft, { force: true });
  try {
    const report = await withSnapshot(client, db, (snapshot) => write(options, draft, described, snapshot));
    await flush(draft);
    await rename(draft, path);
    return { ...report, bytes: (await stat(path)).size, leftOut };
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function write(
  { db, version, passphrase, progress }: BackupOptions,
  draft: string,
  described: readonly DescribedCollection[],
  { session, by }: Snapshot,
): Promise<Omit<BackupReport, 'bytes' | 'leftOut'>> {
  const counts: NewHeader['collections'] = {};
  for (const { name } of described) counts[name] = await db.collection(name).countDocuments({}, { session });
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const opening = openingOf(
    { version, createdAt: new Date().toISOString(), collections: counts },
    passphrase !== undefined,
  );
  const collections: BackupReport['collections'] = {};
  let documents = 0;

  async function* records(): AsyncGenerator<BackupRecord> {
    yield { kind: 'contents', bytes: Buffer.from(toBytes({ collections: described })) };
    for (const { name } of described) {
      const passing = tally();
      for await (const bytes of documentsOf(db, name, session)) {
        passing.add(bytes);
        documents += 1;
        if (documents % toldEvery === 0) progress('reading', documents, total);
        yield { kind: 'document', bytes };
      }
      const result = passing.result();
      collections[name] = result;
      yield { kind: 'collection-end', bytes: Buffer.from(toBytes({ name, ...result })) };
    }
    yield { kind: 'end' };
  }

  await pipeline(
    Readable.from(packed(records()), { objectMode: false }),
    createGzip({ level: 4 }),
    // A gzip stream gives buffers.
    (compressed: AsyncIterable<Buffer>) => sealed(opening, compressed, passphrase),
    createWriteStream(draft, { mode: 0o600 }),
  );
  progress('reading', documents, total);
  return { documents, collections, by };
}

/** The documents of a collection as bytes, by their ids. */
async function* documentsOf(
  db: mongo.Db,
  name: string,
  session: mongo.ClientSession,
): AsyncGenerator<Buffer> {
  const change = changeOf(name);
  const found = db
    .collection(name)
    .find({}, { session, raw: true, batchSize: documentsAtOnce })
    .sort({ _id: 1 });
  for await (const document of found) {
    // With `raw` the driver gives each document as its bytes.
    const bytes = document as unknown as Buffer;
    yield change === undefined ? bytes : Buffer.from(toBytes({ ...fromBytes(bytes), ...change }));
  }
}

/** What there is to back up. Indexes and options are no part of a snapshot: they change with versions only. */
async function describe(db: mongo.Db): Promise<{ described: DescribedCollection[]; leftOut: string[] }> {
  const described: DescribedCollection[] = [];
  const leftOut: string[] = [];
  for (const { name, type, ...rest } of await db.listCollections().toArray()) {
    if (!isBackedUp(name)) continue;
    if (type !== 'collection') {
      leftOut.push(`${name} (a ${String(type)})`);
      continue;
    }
    const indexes = await db.collection(name).indexes();
    const options = ('options' in rest && rest.options) || {};
    described.push({ name, options, indexes: indexes.filter((index) => index.name !== '_id_') });
  }
  described.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { described, leftOut };
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
