import { pause } from '../db/pause.ts';
import type { WorkerDeps } from '../deps.ts';
import { onBell } from './bell.ts';
import { claimJob } from './claim.ts';
import type { JobDefinition } from './define-job.ts';
import { startJob, type RunningJob } from './run-job.ts';
import { ticker, type Schedule } from './schedule.ts';

/** What the job runner of a process is made of. */
export interface JobsOptions {
  deps: WorkerDeps;
  /** The kinds this process can do; jobs of other kinds are left to others. */
  definitions: readonly JobDefinition[];
  schedules: readonly Schedule[];
  /** How many jobs run at once; four when left out. */
  concurrency?: number;
  /** How long running jobs get to finish when the process stops, in milliseconds; eight seconds when left out. */
  drainMs?: number;
}

/** The job runner of a process. */
export interface Jobs {
  /** Claims nothing more, lets running jobs finish, hands back those that do not, then resolves; never rejects. */
  stop(): Promise<void>;
}

const usualConcurrency = 4;
const usualDrainMs = 8_000;
const handBackMs = 1_000;
/** How often the database is asked when nothing is known to be due. */
const pollMs = 1_000;

/** Runs due jobs, and makes jobs of schedules, until stopped. A database that is away is waited for. */
export function startJobs({
  deps,
  definitions,
  schedules,
  concurrency = usualConcurrency,
  drainMs = usualDrainMs,
}: JobsOptions): Jobs {
  const stopping = new AbortController();
  const kinds = kindsOf(definitions, schedules);
  const running = new Set<RunningJob>();
  const waking = wakeUp();

  const attend = (job: RunningJob): void => {
    running.add(job);
    void job.ended.then(() => {
      running.delete(job);
      waking.wake();
    });
  };

  /** Whether there may be more to claim at once. */
  const claimOne = async (): Promise<boolean> => {
    if (running.size >= concurrency) return false;
    const job = await claimJob([...kinds.keys()], deps.clock.now());
    const kind = job === null ? undefined : kinds.get(job.name);
    if (job === null || kind === undefined) return false;
    attend(startJob(job, kind, deps));
    return true;
  };

  const claiming = untilStopped(stopping.signal, deps, async () => {
    const asOf = waking.count();
    if (!(await claimOne())) await waking.sleep(asOf);
  });
  const tickers = schedules.map(ticker);
  const ticking = untilStopped(stopping.signal, deps, async () => {
    for (const one of tickers) await one.check(deps.clock.now());
    await pause(pollMs, stopping.signal);
  });

  return {
    stop: async () => {
      stopping.abort();
      waking.wake();
      const isTimeOver = pause(drainMs);
      await Promise.all([claiming, ticking]);
      const ends = [...running].map(({ ended }) => ended);
      await Promise.race([Promise.all(ends), isTimeOver]);
      for (const job of running) job.handBack();
      // What cannot be handed back, because the database is away, is taken over when its lease ends.
      await Promise.race([Promise.all(ends), pause(handBackMs)]);
      waking.end();
    },
  };
}

function kindsOf(definitions: readonly JobDefinition[], schedules: readonly Schedule[]) {
  const kinds = new Map(definitions.map((one) => [one.name, one]));
  if (kinds.size < definitions.length) throw new Error('two kinds of jobs have the same name');
  for (const { name, job } of schedules) {
    if (!kinds.has(job.name)) throw new Error(`the schedule ${name} makes jobs that nobody does`);
  }
  return kinds;
}

/** Does one step after the other; a step that fails is done again after a pause, and only the first failure of a row is told. */
async function untilStopped(
  signal: AbortSignal,
  { log }: WorkerDeps,
  step: () => Promise<void>,
): Promise<void> {
  let isFailing = false;
  while (!signal.aborted) {
    try {
      await step();
      isFailing = false;
    } catch (err) {
      if (!isFailing && !signal.aborted) log.warn({ err }, 'jobs cannot be claimed and will be again');
      isFailing = true;
      await pause(pollMs, signal);
    }
  }
}

/** Sleep that a new job in this process, or a job that has ended, cuts short. */
function wakeUp() {
  let count = 0;
  let sleeper = new AbortController();
  const wake = (): void => {
    count += 1;
    sleeper.abort();
  };
  const end = onBell(wake);
  return {
    wake,
    end,
    count: () => count,
    /** Sleeps until the next poll, unless somebody rang since the count. */
    sleep: async (since: number): Promise<void> => {
      sleeper = new AbortController();
      if (count === since) await pause(pollMs, sleeper.signal);
    },
  };
}
