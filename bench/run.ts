/** `npm run bench`: measures Pro-Tasker beside LIMIT and Parse Server on one database server. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { startEmbedded } from '../src/db/engines/index.ts';
import { buildLimit, installParse, startContender, type Places, type Started } from './contenders/start.ts';
import { readOptions, usage, type Options } from './options.ts';
import { insertReport, renderReport, type Results } from './report.ts';
import { runRounds } from './rounds.ts';
import { limitWorld, seedLimit, seedParse, seedProduct } from './seed.ts';
import { measureStartUp } from './start-up.ts';
import type { ContenderName, World } from './types.ts';

const repository = join(import.meta.dirname, '..');
const READERS = 200;
const OWN_TASKS = 16 * 20 + 1; // twenty for each of 16 clients, and one for the rivals

const report = (line: string) => process.stderr.write(`${line}\n`);

/** The address of a database of its own on the same server. */
const withDatabase = (uri: string, name: string) => {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
};

const versionOf = (path: string): string => {
  const file = join(repository, path, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'none';
};

const commit = () => {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src') === '' ? '' : ' with local changes'}`;
  } catch {
    return 'unknown';
  }
};

const machine = () =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 1e9)} GB, ` +
  `${process.platform} ${release()}; clients, servers and database share it`;

const dropDatabases = async (uris: readonly string[]) => {
  for (const uri of uris) {
    const client = await new mongoose.mongo.MongoClient(uri).connect();
    await client.db().dropDatabase();
    await client.close();
  }
};

interface Database {
  uri: string;
  pid: number | null;
  name: string;
  stop: () => Promise<void>;
}

const bench = async (options: Options, places: Places, database: Database, parseMissing: string | null) => {
  const contenders: ContenderName[] = [
    'product',
    'limit',
    ...(parseMissing === null ? ['parse' as const] : []),
  ];
  const uriOf = (contender: ContenderName) => withDatabase(database.uri, `bench_${contender}`);
  const start = (contender: ContenderName) =>
    startContender(contender, uriOf(contender), places, process.env);
  const started = new Map<ContenderName, Started>();
  try {
    await dropDatabases(contenders.map(uriOf));
    report('filling the product through its API …');
    const product = await start('product');
    started.set('product', product);
    const sizes = { tasks: options.tasks, readers: READERS, ownTasks: OWN_TASKS };
    const { ranksBefore, ...seeded } = await seedProduct(product.port, sizes);
    report('filling LIMIT with the same documents and indexes …');
    await seedLimit(uriOf('product'), uriOf('limit'));
    const limit = await start('limit');
    started.set('limit', limit);
    const worlds: World[] = [seeded.world, limitWorld(seeded, ranksBefore, limit.port)];
    let indexesLeftOut: string[] = [];
    if (parseMissing === null) {
      report('filling Parse Server through its API …');
      const parse = await start('parse');
      started.set('parse', parse);
      const uris = { product: uriOf('product'), parse: uriOf('parse') };
      const filled = await seedParse(seeded, ranksBefore, parse.port, uris);
      worlds.push(filled.world);
      indexesLeftOut = filled.indexesLeftOut;
    }
    const field = {
      worlds,
      pids: new Map([...started].map(([name, { pid }]) => [name, pid])),
      databasePid: database.pid,
      rivalTask: seeded.world.ownTasks.at(-1) ?? '',
    };
    const rounds = await runRounds(repository, field, options.rounds, options.milliseconds, report);
    await Promise.all([...started.values()].map(({ stop }) => stop()));
    started.clear();
    report('starting each contender again and again …');
    const startUps = await measureStartUp(contenders, options.starts, uriOf, places, process.env);
    const results: Results = {
      rounds,
      startUps,
      circumstances: {
        date: new Date().toISOString().slice(0, 10),
        command: ['npm run bench', ...(process.argv.length > 2 ? ['--'] : []), ...process.argv.slice(2)].join(
          ' ',
        ),
        commit: commit(),
        machine: machine(),
        versions: [
          ['Node', process.versions.node],
          ['MongoDB driver', versionOf('node_modules/mongodb')],
          ['Parse Server', versionOf('bench/contenders/parse/node_modules/parse-server')],
          ['database', database.name],
        ],
        rounds: options.rounds,
        seconds: options.milliseconds / 1000,
        tasks: options.tasks,
        parseMissing,
        indexesLeftOut,
      },
    };
    return results;
  } finally {
    await Promise.all([...started.values()].map(({ stop }) => stop()));
    if (options.mongoUri !== null) await dropDatabases(contenders.map(uriOf));
  }
};

const openDatabase = async (options: Options, dataFolder: string): Promise<Database> => {
  if (options.mongoUri !== null) {
    return { uri: options.mongoUri, pid: null, name: 'as given', stop: () => Promise.resolve() };
  }
  const { uri, pid, engine, version, stop } = await startEmbedded({ dataFolder, env: process.env, report });
  return { uri, pid, name: `${engine} ${version}`, stop };
};

const main = async () => {
  const options = readOptions(process.argv.slice(2));
  if (!existsSync(options.product))
    throw new Error(`${options.product} is not there: run npm run build first`);
  const scratch = await mkdtemp(join(tmpdir(), 'pro-tasker-bench-'));
  const places: Places = { repository, product: options.product, scratch };
  await buildLimit(places);
  const installed = await installParse(places, process.env, report);
  const parseMissing = installed ? null : 'its package could not be installed from the registry.';
  const database = await openDatabase(options, scratch);
  try {
    const results = await bench(options, places, database, parseMissing);
    const text = renderReport(results);
    await mkdir(join(repository, 'reports'), { recursive: true });
    await writeFile(join(repository, 'reports', 'bench.json'), `${JSON.stringify(results, undefined, 1)}\n`);
    if (options.write) {
      const document = join(repository, 'docs', 'performance.md');
      await writeFile(document, insertReport(await readFile(document, 'utf8'), text));
    }
    process.stdout.write(`${text}\n`);
  } finally {
    await database.stop();
    await rm(scratch, { recursive: true, force: true });
  }
};

// Leaving through `exit` also ends the servers that were started.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

main().catch((error: unknown) => {
  report(
    error instanceof TypeError
      ? `${error.message}\n${usage}`
      : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = 1;
});
