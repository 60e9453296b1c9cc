import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { models } from '../src/app.ts';
import { developmentSecret, loadConfig, readEnvironment } from '../src/config/index.ts';
import type { BaseCtx, Writing } from '../src/context.ts';
import { connectDatabase } from '../src/db/connect.ts';
import { startEmbedded } from '../src/db/engines/index.ts';
import { migrate } from '../src/db/migrate.ts';
import { unitOfWork } from '../src/db/unit-of-work.ts';
import type { Deps } from '../src/deps.ts';
import { makeInstance } from '../src/instance.ts';
import { makeLogger } from '../src/observability/logger.ts';
import { systemClock } from '../src/ports/clock.ts';

/** A deed of the operator, done like a request: in one unit of work, with its events. */
export type Deed<R> = (ctx: Writing<BaseCtx>) => Promise<R>;

/** Connects to the database the server would use, runs the deed in one unit of work and closes everything again. */
export function asOperator<R>(deed: Deed<R>): Promise<R> {
  return withServer((deps) => {
    const { log } = deps;
    const now = (): Date => deps.clock.now();
    const origin = { actorId: null, requestId: randomUUID(), operationId: randomUUID(), now };
    const client = { address: 'command line', device: 'command line' };
    return unitOfWork(origin, (work) =>
      deed({ ...origin, log, client, deps, ifMatch: undefined, merges: undefined, shown: new Map(), work }),
    );
  });
}

/** The same without a unit of work, for what looks at or steers the server's own affairs. */
export async function withServer<R>(act: (deps: Deps) => Promise<R>): Promise<R> {
  const config = loadConfig({ ...readEnvironment(process.env), LOG_LEVEL: 'error' });
  const log = makeLogger(config, process.stderr);
  const embedded =
    config.mongoUri === undefined
      ? await startEmbedded({ dataFolder: config.dataFolder, env: process.env, report: () => undefined })
      : undefined;
  try {
    await connectDatabase(config.mongoUri ?? embedded?.uri ?? '', config, log);
    await migrate(models, log);
    const secret = config.jwtSecret ?? (await developmentSecret(config.dataFolder));
    const instance = makeInstance(config, secret, log, systemClock);
    instance.stop();
    return await act(instance.deps);
  } finally {
    await mongoose.disconnect();
    await embedded?.stop();
  }
}
