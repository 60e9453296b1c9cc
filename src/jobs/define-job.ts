import type { Logger } from 'pino';
import type { z } from 'zod';
import type { WorkOrigin } from '../db/unit-of-work.ts';
import type { WorkerDeps } from '../deps.ts';

/** What a running job knows. */
export interface JobCtx {
  readonly deps: WorkerDeps;
  readonly log: Logger;
  /** Aborts when the job is no longer this process's to do: throw soon. A job that returns has done everything. */
  readonly signal: AbortSignal;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** For units of work: what the job writes and announces, as nobody's act. */
  readonly origin: WorkOrigin;
  now(): Date;
}

/** A kind of job. */
export interface JobDefinition<Out = unknown, In = unknown> {
  readonly name: string;
  readonly schema: z.ZodType<Out, In>;
  /** How many tries it gets before it is parked. */
  readonly maxAttempts: number;
  /** For how long a silent process keeps the job; a living one renews its lease. */
  readonly leaseMs: number;
  /** The pause after the first failure, and the longest one; it doubles in between. */
  readonly backoff: { readonly firstMs: number; readonly mostMs: number };
  /** Does it. May run more than once, so it must be harmless to repeat; a method, so that lists of mixed kinds fit. */
  run(payload: Out, ctx: JobCtx): Promise<void>;
}

type Optional = 'maxAttempts' | 'leaseMs' | 'backoff';

/** Ten tries within about three quarters of an hour. */
const usual = { maxAttempts: 10, leaseMs: 30_000, backoff: { firstMs: 5_000, mostMs: 3_600_000 } };

/** Declares a kind of job. The name is stored: it must not change while there are such jobs. */
export const defineJob = <Out, In>(
  name: string,
  spec: Omit<JobDefinition<Out, In>, 'name' | Optional> & Partial<Pick<JobDefinition<Out, In>, Optional>>,
): JobDefinition<Out, In> => ({ ...usual, ...spec, name });
