import type { Request, Response } from 'express';
import { LRUCache } from 'lru-cache';
import mongoose from 'mongoose';
import { RateLimiterMemory, RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { Config } from '../config/index.ts';
import { Problem } from '../errors/index.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Attempts } from '../ports/attempts.ts';
import { networkOf } from './client-address.ts';
import { isKnownAddress, knowAddress, placeOf } from './known-addresses.ts';
import { pause } from '../db/pause.ts';
import { RateCountModel } from './rate-limit.model.ts';

const secondsPerMinute = 60;
const secondsPerHour = 3_600;
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

interface Allowance {
  /** Names the limit in headers and keys. */
  policy: string;
  quota: number;
  /** After how long the count begins anew. */
  windowSeconds: number;
}

interface Budget extends Allowance {
  consume(key: string): Promise<RateLimiterRes>;
}

/**
 * Counts requests per minute: strictly per address where passwords are tried, otherwise per user or address.
 * All processes share their counts through the database; a quota of 0 switches a limit off.
 */
export function rateLimits(config: Config): RateLimits {
  const strict = strictBudget({
    policy: 'auth',
    quota: config.rateLimitAuthPerMinute,
    windowSeconds: secondsPerMinute,
  });
  const general = config.rateLimitPerMinute > 0 ? sharedBudget(config.rateLimitPerMinute) : undefined;
  return {
    limit: async (_req, res, facts, by, userId) => {
      const budget = by === 'auth' ? strict : general;
      if (budget === undefined) return;
      const { headers, refusal } = await spend(budget, userId ?? networkOf(facts.address));
      for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
      if (refusal !== undefined) throw refusal;
    },
    stop: () => {
      general?.stop();
    },
  };
}

/**
 * Counts the logins of each account and the refreshes of each session, strictly and for all processes together.
 * Whoever attacks an account from elsewhere uses up what strangers share, never what an address has that got in before.
 */
export function attemptLimits(config: Config): Attempts {
  const logins = strictBudget({
    policy: 'login',
    quota: config.rateLimitLoginPerHour,
    windowSeconds: secondsPerHour,
  });
  // By session: whoever stole one cannot use up the tries of the owner's others.
  const passwords = strictBudget({
    policy: 'password',
    quota: config.rateLimitLoginPerHour,
    windowSeconds: secondsPerHour,
  });
  const refreshes = strictBudget({
    policy: 'refresh',
    quota: config.rateLimitRefreshPerMinute,
    windowSeconds: secondsPerMinute,
  });
  return {
    login: async (account, address, now) => {
      if (logins === undefined) return;
      const place = placeOf(account, networkOf(address));
      await admit(logins, (await isKnownAddress(place, now)) ? place : placeOf(account));
    },
    loggedIn: (account, address, now) => knowAddress(placeOf(account, networkOf(address)), now),
    password: async (sessionId) => {
      if (passwords !== undefined) await admit(passwords, sessionId);
    },
    refresh: async (sessionId) => {
      if (refreshes !== undefined) await admit(refreshes, sessionId);
    },
  };
}

async function admit(budget: Budget, key: string): Promise<void> {
  const { refusal } = await spend(budget, key);
  if (refusal !== undefined) throw refusal;
}

interface Spent {
  headers: Record<string, string>;
  refusal: Problem | undefined;
}

async function spend(budget: Budget, key: string): Promise<Spent> {
  const { policy, quota, windowSeconds } = budget;
  let isSpent = false;
  const outcome = await budget.consume(key).catch((refusal: unknown) => {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    // A refusal from memory does not say how much was consumed.
    isSpent = true;
    return refusal;
  });
  const seconds = Math.max(1, Math.ceil(outcome.msBeforeNext / 1000));
  const left = Math.max(0, outcome.remainingPoints);
  const headers = {
    'RateLimit-Policy': `"${policy}";q=${String(quota)};w=${String(windowSeconds)}`,
    RateLimit: `"${policy}";r=${String(left)};t=${String(seconds)}`,
  };
  if (!isSpent) return { headers, refusal: undefined };
  const unit = windowSeconds === secondsPerHour ? 'an hour' : 'a minute';
  const detail = `At most ${String(quota)} requests ${unit}.`;
  return { headers, refusal: new Problem('rate.limited', { detail, headers, retryAfterSeconds: seconds }) };
}

/**
 * Every request is counted in the database before it goes on: for the few endpoints where guessing pays. None with a
 * quota of 0. While the database is away they answer 503 here: none of them works without it.
 */
function strictBudget(allowance: Allowance): Budget | undefined {
  const { policy, quota, windowSeconds } = allowance;
  if (quota === 0) return undefined;
  const limiter = new RateLimiterMongo({
    keyPrefix: policy,
    points: quota,
    duration: windowSeconds,
    storeClient: mongoose.connection.getClient(),
    dbName: mongoose.connection.name,
    tableName: RateCountModel.collection.name,
    inMemoryBlockOnConsumed: quota + 1,
    disableIndexesCreation: true,
  });
  return { ...allowance, consume: (key) => counted(limiter, key, () => limiter.consume(key)) };
}

/** The counters that some request of this process is making right now. */
const beingMade = new Map<string, Promise<unknown>>();
/** Those that are there, until the end of their window. */
const known = new LRUCache<string, true>({ max: 20_000, ttl: secondsPerHour * 1_000 });

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
  const options = { keyPrefix: 'api', points: quota, duration: secondsPerMinute };
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
  const stopping = new AbortController();
  void (async () => {
    for (;;) {
      await pause(shareEveryMs, stopping.signal);
      if (stopping.signal.aborted) return;
      // A failed round only means that this second was not shared; the next one is.
      await share().catch(() => undefined);
    }
  })();
  return {
    policy: 'api',
    quota,
    windowSeconds: secondsPerMinute,
    consume: (key) => {
      unshared.set(key, (unshared.get(key) ?? 0) + 1);
      return local.consume(key);
    },
    stop: () => {
      stopping.abort();
    },
  };
}
