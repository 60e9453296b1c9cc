import { consumers } from './consumers.ts';
import type { WorkerDeps } from './deps.ts';
import type { Follower } from './events/follow.ts';
import { makeLogHead, pollLogHead } from './events/log-head.ts';
import { runFollower } from './events/run-follower.ts';
import { runSequencer } from './events/sequencer.ts';
import { startJobs } from './jobs/index.ts';
import { jobDefinitions, schedules } from './schedules.ts';

/** The running worker role of a process. */
export interface Worker {
  /** Finishes what is at hand, hands back every lease, then resolves. */
  stop(): Promise<void>;
}

/** What a test may set otherwise. */
export interface WorkerOptions {
  followers?: readonly Follower[];
  leaseMs?: number;
  firstPauseMs?: number;
}

const closingMs = 2_500;
/** A worker that died is replaced by another after this time. */
const usualLeaseMs = 5_000;

/** Starts what a process with the worker role does beside answering requests; needs a connected database. */
export function startWorker(
  deps: WorkerDeps,
  { followers = consumers, leaseMs = usualLeaseMs, ...rest }: WorkerOptions = {},
): Worker {
  const { log, clock } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const head = makeLogHead();
  const parts = { log, head, leaseMs, signal, now: () => clock.now(), ...rest };
  const running = [
    runSequencer(parts),
    pollLogHead(head, signal),
    ...followers.map((follower) => runFollower(follower, parts)),
  ];
  // What is left of the time to stop is for handing back and closing.
  const drainMs = Math.max(0, deps.config.shutdownSeconds * 1_000 - closingMs);
  const jobs = startJobs({ deps, definitions: jobDefinitions, schedules, drainMs });
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all([jobs.stop(), ...running]);
    },
  };
}
