/** `npm run bench`: measures Pro-Tasker beside LIMIT and Parse Server on one database server. */
import { buildScript, installParse, startContender, type Places, type Started } from './contenders/start.ts';
import { readOptions, usage, type Options } from './options.ts';
import { renderReport, type Results } from './report.ts';
import { runRounds } from './rounds.ts';
import { limitWorld, seedLimit, seedParse, seedProduct } from './seed.ts';
import { measureStartUp } from './start-up.ts';
import {
  commit,
  dropDatabases,
  machine,
  publish,
  report,
  repository,
  versionOf,
  withDatabase,
  withDatabaseServer,
  type Database,
} from './surroundings.ts';
import type { ContenderName, World } from './types.ts';

const READERS = 200;
const OWN_TASKS = 16 * 20 + 1; // twenty for each of 16 clients, and one for the rivals

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

const main = () => {
  const options = readOptions(process.argv.slice(2));
  return withDatabaseServer(options, async (places, database) => {
    await buildScript(places, 'limit');
    const installed = await installParse(places, process.env, report);
    const parseMissing = installed ? null : 'its package could not be installed from the registry.';
    const results = await bench(options, places, database, parseMissing);
    await publish('bench', renderReport(results), { figures: results, write: options.write });
  });
};

try {
  await main();
} catch (error) {
  report(
    error instanceof TypeError
      ? `${error.message}\n${usage}`
      : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = 1;
}
