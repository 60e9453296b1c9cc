import {
  loadConfig,
  ConfigError,
  developmentSecret,
  isDeployed,
  readEnvironment,
  type Config,
} from './config/index.ts';
import { models } from './app.ts';
import { connectDatabase, DatabaseError } from './db/connect.ts';
import { EngineError, startEmbedded, type EmbeddedDatabase } from './db/engines/index.ts';
import { migrate } from './db/migrate.ts';
import { makeInstance, poolReadings, type Instance } from './instance.ts';
import { makeLogger } from './observability/logger.ts';
import { drain } from './http/drain.ts';
import { listen, ListenError } from './http/listen.ts';
import { systemClock } from './ports/clock.ts';
import { startWorker, type Worker } from './worker.ts';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import mongoose from 'mongoose';

/** What has been started so far, in the order in which it must stop. */
interface Started {
  instance?: Instance;
  worker?: Worker;
  database?: EmbeddedDatabase;
}

async function start(config: Config, log: Logger, started: Started): Promise<void> {
  const uri = config.mongoUri ?? (await embeddedUri(config, log, started));
  const pool = poolReadings();
  await connectDatabase(uri, config, log, pool.observer);
  await migrate(models, log);
  const secret = config.jwtSecret ?? (await developmentSecret(config.dataFolder));
  const instance = makeInstance(config, secret, log, systemClock, pool);
  started.instance = instance;
  // Without the web role too: health and metrics are asked of every process.
  await listen(instance.server, config.port, config.host);
  if (config.roles.includes('worker')) started.worker = startWorker({ config, log, clock: systemClock });
  const docs = config.roles.includes('web') ? { docs: `${config.publicUrl}/api/docs` } : {};
  log.info({ port: portOf(instance.server), env: config.env, roles: config.roles, ...docs }, 'ready');
}

/** The port it listens on: PORT=0 means any that is free. */
function portOf(server: Server): number | undefined {
  const address = server.address();
  return typeof address === 'object' ? address?.port : undefined;
}

async function embeddedUri(config: Config, log: Logger, started: Started): Promise<string> {
  if (isDeployed(config.env))
    throw new DatabaseError('Set MONGO_URI: the embedded database is for development only.');
  const database = await startEmbedded({
    dataFolder: config.dataFolder,
    env: {
      MONGOD_BINARY: config.mongodBinary,
      PATH: process.env['PATH'],
      XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'],
      HOME: process.env['HOME'],
    },
    report: (line) => {
      log.info(line);
    },
  });
  started.database = database;
  database.onExit((reason) => {
    log.fatal({ reason }, 'the embedded database ended');
    process.exitCode = 1;
    void stop(config, log, started);
  });
  return database.uri;
}

/** Stops taking requests and work, lets what runs finish, closes the database; gives up after the configured time. */
async function stop(config: Config, log: Logger, { instance, worker, database }: Started): Promise<void> {
  const giveUp = setTimeout(() => {
    log.error('stopping took too long');
    log.flush();
    process.exit(1);
  }, config.shutdownSeconds * 1000);
  instance?.drain();
  await Promise.all([instance && drain(instance.server), worker?.stop()]);
  instance?.stop();
  await mongoose.disconnect();
  await database?.stop();
  clearTimeout(giveUp);
  log.info('stopped');
  log.flush(() => process.exit());
}

function fail(error: unknown, log?: Logger): never {
  const isExplained = [ConfigError, EngineError, DatabaseError, ListenError].some(
    (kind) => error instanceof kind,
  );
  log?.flush();
  console.error(isExplained && error instanceof Error ? error.message : error);
  process.exit(1);
}

async function main(): Promise<void> {
  let config: Config;
  try {
    config = loadConfig(readEnvironment(process.env));
  } catch (error) {
    fail(error);
  }
  const log = makeLogger(config);
  const started: Started = {};
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'stopping');
      void stop(config, log, started);
    });
  }
  process.on('unhandledRejection', (err) => {
    log.error({ err }, 'unhandled rejection');
  });
  await start(config, log, started).catch(async (error: unknown) => {
    started.instance?.stop();
    await mongoose.disconnect();
    await started.database?.stop();
    fail(error, log);
  });
}

await main();
