import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import mongoose from 'mongoose';
import { RateLimiterMemory, RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from '../config/index.ts';
import { Problem } from '../errors/index.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { networkOf } from './client-address.ts';
import { RateCountModel } from './rate-limit.model.ts';

const windowSeconds = 60;
const shareEveryMs = 1_000;

/** The rate limits of one process; `stop` ends the sharing of counts with the other processes. */
export interface RateLimits {
  limit(
    req: Request,
    res: Response,
    facts: RequestFacts,
    by: 'auth' | 'user' | 'address',
    userId?: string,
  ): Promise<void>;
  stop(): void;
}

interface Budget {
  policy: string;
  quota: number;
  consume(key: string): Promise<RateLimiterRes>;
}

/**
 * Counts requests per minute: strictly per address where passwords are tried, otherwise per user or address.
 * All processes share their counts through the database; a quota of 0 switches a limit off.
 */
export function rateLimits(config: Config): RateLimits {
  const strict = config.rateLimitAuthPerMinute > 0 ? strictBudget(config.rateLimitAuthPerMinute) : undefined;
  const general = config.rateLimitPerMinute > 0 ? sharedBudget(config.rateLimitPerMinute) : undefined;
  return {
    limit: async (_req, res, facts, by, userId) => {
      const budget = by === 'auth' ? strict : general;
      if (budget === undefined) return;
      await spend(budget, userId ?? networkOf(facts.address), res);
    },
    stop: () => {
      general?.stop();
    },
  };
}

async function spend(budget: Budget, key: string, res: Response): Promise<void> {
  const { policy, quota } = budget;
  res.setHeader('RateLimit-Policy', `"${policy}";q=${String(quota)};w=${String(windowSeconds)}`);
  let isSpent = false;
  const outcome = await budget.consume(key).catch((refusal: unknown) => {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    // A refusal from memory does not say how much was consumed.
    isSpent = true;
    return refusal;
  });
  const seconds = Math.max(1, Math.ceil(outcome.msBeforeNext / 1000));
  res.setHeader(
    'RateLimit',
    `"${policy}";r=${String(Math.max(0, outcome.remainingPoints))};t=${String(seconds)}`,
  );
  if (isSpent) {
    throw new Problem('rate.limited', {
      detail: `At most ${String(quota)} requests a minute.`,
      retryAfterSeconds: seconds,
    });
  }
}

/**
 * Every request is counted in the database before it goes on: for the few endpoints where guessing pays.
 * While the database is away they answer 503 here: none of them works without it.
 */
function strictBudget(quota: number): Budget {
  const limiter = new RateLimiterMongo({
    keyPrefix: 'auth',
    points: quota,
    duration: windowSeconds,
    storeClient: mongoose.connection.getClient(),
    dbName: mongoose.connection.name,
    tableName: RateCountModel.collection.name,
    inMemoryBlockOnConsumed: quota + 1,
    disableIndexesCreation: true,
  });
  return { policy: 'auth', quota, consume: (key) => counted(limiter, key, () => limiter.consume(key)) };
}

/** The counters that some request of this process is making right now. */
const beingMade = new Map<string, Promise<unknown>>();
/** Those that are there, until the end of their minute. */
const known = new LRUCache<string, true>({ max: 20_000, ttl: windowSeconds * 1_000 });

/**
 * Counts. Rivals for a new counter wait until one of them has made it, and fail with it when the database is away.
 * When rivals in two processes make it at the same moment, the embedded engine counts both but answers null to one,
 * over which the limiter stumbles: that one reads the count instead.
 */
async function counted(
  limiter: RateLimiterMongo,
  key: string,
  count: () => Promise<RateLimiterRes>,
): Promise<RateLimiterRes> {
  const counter = `${limiter.keyPrefix} ${key}`;
  const made = beingMade.get(counter);
  if (made !== undefined) await made.catch(unlessRefused);
  if (known.has(counter) || made !== undefined) return countOrRead(limiter, key, count);
  const making = countOrRead(limiter, key, count);
  beingMade.set(counter, making);
  try {
    const outcome = await making;
    if (outcome.msBeforeNext > 0) known.set(counter, true, { ttl: outcome.msBeforeNext });
    return outcome;
  } finally {
    beingMade.delete(counter);
  }
}

/** A refusal is a count like any other. */
function unlessRefused(reason: unknown): void {
  if (!(reason instanceof RateLimiterRes)) throw reason;
}

async function countOrRead(
  limiter: RateLimiterMongo,
  key: string,
  count: () => Promise<RateLimiterRes>,
): Promise<RateLimiterRes> {
  try {
    return await count();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const now = await limiter.get(key);
    if (now === null) throw error;
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the limiter's own way to refuse
    if (now.consumedPoints > limiter.points) throw now;
    return now;
  }
}

/** Requests are counted in memory; the counts are added up in the database once a second. */
function sharedBudget(quota: number): Budget & { stop(): void } {
  const options = { keyPrefix: 'api', points: quota, duration: windowSeconds };
  const local = new RateLimiterMemory(options);
  const shared = new RateLimiterMongo({
    ...options,
    storeClient: mongoose.connection.getClient(),
    dbName: mongoose.connection.name,
    tableName: RateCountModel.collection.name,
    disableIndexesCreation: true,
  });
  let unshared = new Map<string, number>();
  const share = async (): Promise<void> => {
    const counts = unshared;
    unshared = new Map();
    for (const [key, points] of counts) {
      const total = await counted(shared, key, () => shared.penalty(key, points));
      if (total.consumedPoints > quota) await local.block(key, Math.ceil(total.msBeforeNext / 1000));
    }
  };
  // A failed round only means that this second was not shared; the next one is.
  const timer = setInterval(() => void share().catch(() => undefined), shareEveryMs);
  timer.unref();
  return {
    policy: 'api',
    quota,
    consume: (key) => {
      unshared.set(key, (unshared.get(key) ?? 0) + 1);
      return local.consume(key);
    },
    stop: () => {
      clearInterval(timer);
    },
  };
}
