import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { models } from '../src/app.ts';
import { developmentSecret, loadConfig, readEnvironment, type Config } from '../src/config/index.ts';
import type { BaseCtx, Writing } from '../src/context.ts';
import { connectApart, connectDatabase } from '../src/db/connect.ts';
import { runningEmbedded, startEmbedded } from '../src/db/engines/index.ts';
import { migrate } from '../src/db/migrate.ts';
import { unitOfWork } from '../src/db/unit-of-work.ts';
import type { Deps } from '../src/deps.ts';
import { makeInstance } from '../src/instance.ts';
import { makeLogger } from '../src/observability/logger.ts';
import { systemClock } from '../src/ports/clock.ts';

/** A deed of the operator, done like a request: in one unit of work, with its events. */
export type Deed<R> = (ctx: Writing<BaseCtx>) => Promise<R>;

/** Connects to the database the server would use, runs the deed in one unit of work and closes everything again. */
export const asOperator = <R>(deed: Deed<R>): Promise<R> => withServer((deps) => inOneWork(deps, deed));

/** Runs the deed in one unit of work on the connected database, or rehearses it. */
export function inOneWork<R>(deps: Deps, deed: Deed<R>, run = unitOfWork): Promise<R> {
  const { log } = deps;
  const now = (): Date => deps.clock.now();
  const origin = { actorId: null, requestId: randomUUID(), operationId: randomUUID(), now };
  const client = { address: 'command line', device: 'command line' };
  return run(origin, (work) =>
    deed({ ...origin, log, client, deps, ifMatch: undefined, merges: undefined, shown: new Map(), work }),
  );
}

/** The same without a unit of work, for what looks at or steers the server's own affairs. */
export async function withServer<R>(act: (deps: Deps) => Promise<R>): Promise<R> {
  const config = operatorConfig();
  return withDatabase(config, async (uri) => {
    const log = makeLogger(config, process.stderr);
    try {
      await connectDatabase(uri, config, log);
      await migrate(models, log);
      const secret = config.jwtSecret ?? (await developmentSecret(config.dataFolder));
      const instance = makeInstance(config, secret, log, systemClock);
      instance.stop();
      return await act(instance.deps);
    } finally {
      await mongoose.disconnect();
    }
  });
}

/** The configuration of the server, with a log that speaks of errors only. */
export const operatorConfig = (): Config =>
  loadConfig({ ...readEnvironment(process.env), LOG_LEVEL: 'error' });

/** Runs `act` on a connection of its own to that database, without deadlines: for what reads or writes all of it. */
export const withDatabaseApart = <R>(
  config: Config,
  act: (connection: Awaited<ReturnType<typeof connectApart>>) => Promise<R>,
): Promise<R> => withDatabase(config, (uri) => apart(uri, act));

/** The same with the address at hand. */
export async function apart<R>(
  uri: string,
  act: (connection: Awaited<ReturnType<typeof connectApart>>) => Promise<R>,
): Promise<R> {
  const connection = await connectApart(uri);
  try {
    return await act(connection);
  } finally {
    await connection.client.close();
  }
}

/** Runs `act` with the address of the database that the server would use: also of an embedded one that a server has open. */
export async function withDatabase<R>(
  { mongoUri, dataFolder }: Config,
  act: (uri: string) => Promise<R>,
): Promise<R> {
  const open = mongoUri ?? (await runningEmbedded(dataFolder));
  if (open !== undefined) return act(open);
  const embedded = await startEmbedded({ dataFolder, env: process.env, report: () => undefined });
  try {
    return await act(embedded.uri);
  } finally {
    await embedded.stop();
  }
}
