import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

const MICROSECONDS_PER_TICK = 10_000; // proc(5): USER_HZ is 100 on every Linux Node runs on

/** CPU microseconds the process has used, user and system, all threads (proc(5), fields 14 and 15). */
export const cpuMicroseconds = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  // The name in field 2 may hold spaces and parentheses, so count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
};

/** Resident memory of the process in megabytes (10^6 bytes). */
export const residentMegabytes = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'latin1');
  return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
};

const REST_WINDOW = 200; // milliseconds
const REST_CPU = 20_000; // microseconds of CPU in one window that still count as resting

/**
 * Waits until the process rests in two windows in a row (at most 15 s) and returns the CPU microseconds
 * it had used when it began to rest. What a server does after its answers (numbering events, roll-ups)
 * so counts for it and does not disturb the next contender.
 */
export const cpuWhenSettled = async (pid: number): Promise<number> => {
  let before = await cpuMicroseconds(pid);
  let restingSince: number | null = null;
  for (let turn = 0; turn < 75; turn += 1) {
    await pause(REST_WINDOW);
    const now = await cpuMicroseconds(pid);
    if (now - before > REST_CPU) restingSince = null;
    else if (restingSince !== null) return restingSince;
    else restingSince = before;
    before = now;
  }
  return before;
};
