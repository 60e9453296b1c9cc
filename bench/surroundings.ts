/** What every benchmark stands on: the repository, the machine and the database server. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { startEmbedded } from '../src/db/engines/index.ts';
import type { Places } from './contenders/start.ts';
import { insertReport } from './report.ts';

/** The root of the checkout. */
export const repository = join(import.meta.dirname, '..');

/** Tells how far the run is. */
export const report = (line: string) => process.stderr.write(`${line}\n`);

/** The address of a database of its own on the same server. */
export const withDatabase = (uri: string, name: string) => {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
};

/** The version of a package that is installed there, or `none`. */
export const versionOf = (path: string): string => {
  const file = join(repository, path, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'none';
};

/** The commit that is measured. */
export const commit = () => {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src') === '' ? '' : ' with local changes'}`;
  } catch {
    return 'unknown';
  }
};

/** The machine in words. */
export const machine = () =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 1e9)} GB, ` +
  `${process.platform} ${release()}; clients, servers and database share it`;

/** Drops what a run has left in databases. */
export const dropDatabases = async (uris: readonly string[]) => {
  for (const uri of uris) {
    const client = await new mongoose.mongo.MongoClient(uri).connect();
    await client.db().dropDatabase();
    await client.close();
  }
};

/** A running database server. */
export interface Database {
  uri: string;
  pid: number | null;
  name: string;
  stop: () => Promise<void>;
}

/** Starts the embedded server in a folder, or gives the one that was named. */
const openDatabase = async (mongoUri: string | null, dataFolder: string): Promise<Database> => {
  if (mongoUri !== null) {
    return { uri: mongoUri, pid: null, name: 'as given', stop: () => Promise.resolve() };
  }
  const { uri, pid, engine, version, stop } = await startEmbedded({ dataFolder, env: process.env, report });
  return { uri, pid, name: `${engine} ${version}`, stop };
};

/** Runs a benchmark of the built product on a database server and with a folder that is thrown away afterwards. */
export const withDatabaseServer = async (
  { product, mongoUri }: { product: string; mongoUri: string | null },
  act: (places: Places, database: Database) => Promise<void>,
): Promise<void> => {
  // Leaving through `exit` also ends the servers that were started.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  if (!existsSync(product)) throw new Error(`${product} is not there: run npm run build first`);
  const scratch = await mkdtemp(join(tmpdir(), 'pro-tasker-bench-'));
  try {
    const database = await openDatabase(mongoUri, scratch);
    try {
      await act({ repository, product, scratch }, database);
    } finally {
      await database.stop();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

/** Prints a report and keeps its figures in `reports/`; with `write` it also goes into its part of docs/performance.md. */
export const publish = async (
  part: 'bench' | 'streams',
  text: string,
  { figures, write }: { figures: unknown; write: boolean },
): Promise<void> => {
  await mkdir(join(repository, 'reports'), { recursive: true });
  const kept = join(repository, 'reports', `${part}.json`);
  await writeFile(kept, `${JSON.stringify(figures, undefined, 1)}\n`);
  if (write) {
    const document = join(repository, 'docs', 'performance.md');
    await writeFile(document, insertReport(await readFile(document, 'utf8'), part, text));
  }
  process.stdout.write(`${text}\n`);
};
