import mongoose, { type Model } from 'mongoose';
import { models } from '../../src/app.ts';
import { isDeployed, type Config } from '../../src/config/index.ts';
import { stagingPrefix, unfinishedRestore } from '../../src/db/backup/index.ts';
import { LeaseModel } from '../../src/db/lease.ts';
import { judgeRoom, type Room } from './disk.ts';
import { fault, ok, several, some, warning, type Finding } from './finding.ts';

type Db = mongoose.mongo.Db;

const oldestMajor = 8;

/** Version and topology of the database server. */
export async function checkServer(db: Db, { env }: Pick<Config, 'env'>): Promise<Finding[]> {
  const { version } = (await db.admin().command({ buildInfo: 1 })) as { version: string };
  const hello = await db.admin().command({ hello: 1 });
  return [judgeVersion(version), judgeTopology(hello, env)];
}

/** Judges the version of the database server. */
export const judgeVersion = (version: string): Finding =>
  Number.parseInt(version, 10) >= oldestMajor
    ? ok('database', `version ${version}`)
    : fault('database', `version ${version}`, `use MongoDB ${String(oldestMajor)}.0 or newer.`);

/** Judges what the server said to `hello`. */
export function judgeTopology(hello: Record<string, unknown>, env: Config['env']): Finding {
  if (hello['msg'] === 'isdbgrid') return ok('topology', 'a sharded cluster');
  if (hello['setName'] === undefined)
    return fault(
      'topology',
      'a standalone server, which has no transactions',
      'start it with `mongod --replSet rs0` and run `rs.initiate()` once in mongosh.',
    );
  const members = Array.isArray(hello['hosts']) ? hello['hosts'].length : 0;
  const seen = `a replica set of ${several(members, 'member')} with data`;
  if (hello['isWritablePrimary'] !== true && members <= 1)
    return fault('topology', `${seen}, none of which takes writes`, 'look at rs.status() in mongosh.');
  return members < 3 && isDeployed(env)
    ? warning('topology', seen, 'give it three members: with fewer, the loss of one is an outage.')
    : ok('topology', seen);
}

/** Whether a transaction can write; it is never committed. */
export async function checkTransactions(): Promise<Finding> {
  const session = await mongoose.connection.startSession();
  try {
    session.startTransaction();
    await LeaseModel.updateOne(
      { _id: 'doctor' },
      { $set: { owner: null, until: new Date(0) } },
      { session, upsert: true },
    );
    await session.abortTransaction();
    return ok('transactions', 'can be written');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fault(
      'transactions',
      `cannot be written (${reason})`,
      'give the database user the role readWrite.',
    );
  } finally {
    await session.endSession();
  }
}

const tolerated = { warning: 2_000, fault: 30_000 };

/** How far this machine's clock is from the database's. */
export async function checkClock(db: Db, now: () => Date): Promise<Finding> {
  const before = now().getTime();
  const { localTime } = await db.admin().command({ hello: 1 });
  const between = (before + now().getTime()) / 2;
  // Every server answers `hello` with its time.
  const skew = between - (localTime as Date).getTime();
  const seen = `${(Math.abs(skew) / 1000).toFixed(1)} s ${skew < 0 ? 'behind' : 'ahead of'} the database’s`;
  const advice = 'let both machines follow a time server (chrony, systemd-timesyncd).';
  if (Math.abs(skew) > tolerated.fault) return fault('clock', seen, advice);
  return Math.abs(skew) > tolerated.warning ? warning('clock', seen, advice) : ok('clock', seen);
}

/** Whether the indexes are those that the models declare. */
export async function checkIndexes(db: Db): Promise<Finding[]> {
  const present = new Set(
    (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name),
  );
  const absent = models.filter((model) => !present.has(model.collection.name));
  const advice = 'start a server of this version once: it makes what is missing and drops what is left over.';
  if (absent.length === models.length)
    return [warning('indexes', 'the database is empty', 'start a server once, or restore a backup.')];
  const findings: Finding[] = absent.map((model) =>
    fault('indexes', `the collection ${model.collection.name} is missing`, advice),
  );
  for (const model of models.filter((one) => !absent.includes(one)))
    findings.push(...(await strayIndexes(model)).map((seen) => fault('indexes', seen, advice)));
  return findings.length > 0
    ? findings
    : [ok('indexes', `of ${several(models.length, 'collection')} are as declared`)];
}

async function strayIndexes(model: Model<never>): Promise<string[]> {
  const { toDrop, toCreate } = await model.diffIndexes();
  const { name } = model.collection;
  // Mongoose types both lists as any.
  const missing = (toCreate as unknown[]).map((spec) => JSON.stringify(Array.isArray(spec) ? spec[0] : spec));
  return [
    ...missing.map((keys) => `${name} lacks the index ${keys}`),
    ...(toDrop as string[]).map((index) => `${name} has the index ${index}, which nobody declares`),
  ];
}

/** Whether a restore was begun and not finished. */
export async function checkRestore(db: Db): Promise<Finding> {
  const mark = await unfinishedRestore(db);
  if (mark !== null)
    return fault(
      'restore',
      `the database is half restored from ${mark.file}`,
      'run the restore again: it begins anew.',
    );
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const left = names.filter((name) => name.startsWith(stagingPrefix));
  return left.length > 0
    ? warning(
        'restore',
        `an interrupted restore has left ${some(left)}`,
        'run the restore again, or drop these collections when none is running.',
      )
    : ok('restore', 'none is unfinished');
}

/** The room for data, where it can be known: here when the database is the embedded one, else if its server tells. */
export async function checkRoom(
  db: Db,
  { mongoUri }: Pick<Config, 'mongoUri'>,
  here: Room,
): Promise<Finding> {
  if (mongoUri === undefined) return judgeRoom(here, 'for the data folder');
  const { fsTotalSize = 0, fsUsedSize = 0 } = (await db.command({ dbStats: 1 })) as Record<string, number>;
  return fsTotalSize > 0
    ? judgeRoom({ free: fsTotalSize - fsUsedSize, total: fsTotalSize }, 'on the database’s disk')
    : ok('disk', 'the database does not tell how much room it has');
}
