import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { keepLease } from '../db/lease.ts';
import { backoffMs, pause } from '../db/pause.ts';
import type { WorkerDeps } from '../deps.ts';
import { finishJob, handBackJob, parkJob, postponeJob, renewClaim, type ClaimedJob } from './claim.ts';
import type { JobDefinition } from './define-job.ts';

/** How a try ended: `lost` means that the job passed to somebody else and that its result was discarded. */
export type JobOutcome = 'done' | 'failed' | 'parked' | 'handed back' | 'lost';

/** A job being run. */
export interface RunningJob {
  /** Never rejects. */
  ended: Promise<JobOutcome>;
  /** Stops it for another process to take over; its result is discarded from now on. */
  handBack(): void;
}

const lostMessage = 'the job passed to another process';
const stoppingMessage = 'the process stops';
/** After being told to stop, a job gets this long to end by itself before others may have it. */
const lastMomentMs = 500;
const retryMs = 500;

/** Runs a claimed job, renewing its lease, and writes down what came of it. */
export function startJob(job: ClaimedJob, definition: JobDefinition, deps: WorkerDeps): RunningJob {
  const lost = new AbortController();
  const stopping = new AbortController();
  const ended = attend(job, definition, deps, lost, stopping.signal);
  return {
    ended,
    handBack: () => {
      stopping.abort(new Error(stoppingMessage));
    },
  };
}

async function attend(
  job: ClaimedJob,
  definition: JobDefinition,
  deps: WorkerDeps,
  lost: AbortController,
  stopping: AbortSignal,
): Promise<JobOutcome> {
  const log = deps.log.child({ job: job.name, jobId: job._id.toHexString(), attempt: job.attempts });
  const now = (): Date => deps.clock.now();
  const stopBeating = beat(job, now, lost);
  try {
    const failure = await attempt(
      job,
      definition,
      { ...deps, log },
      AbortSignal.any([lost.signal, stopping]),
    );
    const record = (): Promise<boolean> => {
      if (failure === undefined) return finishJob(job, now());
      if (failure === 'stopped') return handBackJob(job, now());
      if (job.attempts >= definition.maxAttempts) return parkJob(job, failure.message, now());
      const { firstMs, mostMs } = definition.backoff;
      return postponeJob(job, failure.message, later(now(), backoffMs(job.attempts, firstMs, mostMs)));
    };
    if (!(await writeDown(record, log, stopping))) {
      log.warn('a job passed to another process; its result here is discarded');
      return 'lost';
    }
    if (failure === undefined) return 'done';
    if (failure === 'stopped') return 'handed back';
    if (job.attempts < definition.maxAttempts) {
      log.warn({ err: failure.error }, 'a job failed and will be tried again');
      return 'failed';
    }
    log.error({ err: failure.error }, 'a job failed too often and is parked');
    return 'parked';
  } finally {
    stopBeating();
  }
}

interface Failure {
  message: string;
  error: unknown;
}

/** One try. Undefined when it worked, `stopped` when the process stopped first. */
async function attempt(
  job: ClaimedJob,
  definition: JobDefinition,
  deps: WorkerDeps,
  signal: AbortSignal,
): Promise<Failure | 'stopped' | undefined> {
  // Its last try killed the process, or the number of tries has been lowered.
  if (job.attempts > definition.maxAttempts) {
    const message = job.lastError ?? 'It has no tries left.';
    return { message, error: new Error(message) };
  }
  const now = (): Date => deps.clock.now();
  const at = now();
  const origin = {
    actorId: null,
    requestId: `job-${job._id.toHexString()}`,
    operationId: randomUUID(),
    now: () => at,
  };
  const running = (async () => {
    const payload = definition.schema.parse(job.payload);
    await definition.run(payload, { deps, log: deps.log, signal, attempt: job.attempts, origin, now });
  })();
  const isOver = running.then(
    () => undefined,
    (error: unknown): Failure => ({ message: textOf(error), error }),
  );
  const result = await Promise.race([isOver, whenAborted(signal)]);
  if (result !== 'aborted') return result;
  // It may still end well; if not, it was stopped, whatever it says.
  const last = await Promise.race([isOver, pause(lastMomentMs).then(() => 'stopped' as const)]);
  return last === undefined ? undefined : 'stopped';
}

const whenAborted = (signal: AbortSignal): Promise<'aborted'> =>
  new Promise((resolve) => {
    const tell = (): void => {
      resolve('aborted');
    };
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
  });

/**
 * Writes down how the job ended, also when the database comes back only later; false when the job was no longer ours. While
 * the process stops it tries once: what is not written down is done again by somebody else.
 */
async function writeDown(
  record: () => Promise<boolean>,
  log: Logger,
  stopping: AbortSignal,
): Promise<boolean> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await record();
    } catch (err) {
      if (stopping.aborted) return false;
      if (failures === 1) log.warn({ err }, 'the end of a job could not be written down and will be again');
      // Not ended by a lost lease: as long as nobody has taken the job, its result counts.
      await pause(retryMs, stopping);
    }
  }
}

/** Renews the lease until told to stop; aborts `lost` when it may have passed to somebody else. */
function beat(job: ClaimedJob, now: () => Date, lost: AbortController): () => void {
  const ending = new AbortController();
  const lease = { ms: job.leaseMs, takenAt: job.askedAt, signal: ending.signal };
  void keepLease(() => renewClaim(job, now()), lease).then((isLost) => {
    if (isLost) lost.abort(new Error(lostMessage));
  });
  return () => {
    ending.abort();
  };
}

const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

function textOf(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return String(error);
}
