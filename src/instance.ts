import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { bcryptHasher } from './access/password-hasher.ts';
import { joseTokens } from './access/tokens.ts';
import { createApp } from './app.ts';
import type { Config } from './config/index.ts';
import { consumers } from './consumers.ts';
import { databaseAnswers, type DriverObserver } from './db/connect.ts';
import type { Deps } from './deps.ts';
import { forgetAll, forgetChanged, type Caches } from './caches.ts';
import { watchLog } from './events/index.ts';
import { logReadings } from './events/log-readings.ts';
import { makeStreams, redeemTicket } from './features/changes/index.ts';
import { findProject, findVisibleProjects } from './features/projects/index.ts';
import { findSession } from './features/users/index.ts';
import { freshCache } from './access/index.ts';
import { makeServer } from './http/server.ts';
import { jobReadings } from './jobs/index.ts';
import { attemptLimits, rateLimits } from './middlewares/rate-limit.ts';
import { makeMetrics } from './observability/metrics.ts';
import { watchPressure } from './observability/pressure.ts';
import type { Clock } from './ports/clock.ts';

/** One running instance of the web role; needs a connected database. */
export interface Instance {
  app: ReturnType<typeof createApp>;
  server: Server;
  deps: Deps;
  /** From now on `/health/ready` says no. */
  drain(): void;
  stop(): void;
}

/** Driver counts kept for the metrics, filled by the observer given to `connectDatabase`. */
export interface PoolReadings {
  observer: DriverObserver;
  open: number;
  inUse: number;
  onCommand: (name: string, seconds: number, failed: boolean) => void;
}

/** Makes the counts; commands go to `onCommand` once an instance has set it. */
export function poolReadings(): PoolReadings {
  const readings: PoolReadings = {
    open: 0,
    inUse: 0,
    onCommand: () => undefined,
    observer: {
      command: (name, seconds, failed) => {
        readings.onCommand(name, seconds, failed);
      },
      connection: (change) => {
        if (change === 'opened') readings.open += 1;
        if (change === 'closed') readings.open -= 1;
        if (change === 'taken') readings.inUse += 1;
        if (change === 'returned') readings.inUse -= 1;
      },
    },
  };
  return readings;
}

/** Builds an instance from its configuration; `secret` signs the tokens. */
export function makeInstance(
  config: Config,
  secret: string,
  log: Logger,
  clock: Clock,
  pool: PoolReadings = poolReadings(),
): Instance {
  const pressure = watchPressure({ inFlight: config.shedInFlight, delayMs: config.shedEventLoopDelayMs });
  const metrics = makeMetrics({
    inFlight: pressure.inFlight,
    eventLoopDelaySeconds: () => pressure.delayMs() / 1000,
    pool: () => ({ open: pool.open, inUse: pool.inUse }),
    streams: () => streams.count(),
    background: async () => {
      const [logLag, jobs] = await Promise.all([logReadings(consumers), jobReadings(clock.now())]);
      return { log: logLag, jobs };
    },
  });
  pool.onCommand = metrics.observeCommand;
  const limits = rateLimits(config);
  let accepting = true;
  const isFollowed = (): boolean => watch.isFresh();
  const caches: Caches = {
    sessions: freshCache({ load: findSession, tagsOf: ({ userId }) => [userId], isFollowed }),
    projects: freshCache({ load: findProject, isFollowed }),
    visibleProjects: freshCache({
      load: findVisibleProjects,
      tagsOf: (projects) => projects.map(({ _id }) => _id.toHexString()),
      isFollowed,
    }),
  };
  const streams = makeStreams({ config, log, clock, caches, isFollowed });
  const watch = watchLog(log, {
    committed: (event) => {
      forgetChanged(caches, event);
      streams.committed(event);
    },
    moved: () => {
      streams.moved();
    },
    missed: () => {
      forgetAll(caches);
      streams.missed();
    },
  });
  const deps: Deps = {
    config,
    log,
    clock,
    hasher: bcryptHasher(config),
    tokens: joseTokens(config, secret),
    caches,
    attempts: attemptLimits(config),
    streams,
    fingerprint: (text) => createHmac('sha256', secret).update(text).digest('base64url'),
    redeemTicket,
  };
  const status = { accepting: () => accepting, databaseAnswers };
  const app = createApp({ deps, metrics, pressure, limits, status });
  return {
    app,
    server: makeServer(app, config),
    deps,
    drain: () => {
      accepting = false;
      streams.end();
    },
    stop: () => {
      watch.stop();
      streams.end();
      limits.stop();
      pressure.stop();
    },
  };
}
