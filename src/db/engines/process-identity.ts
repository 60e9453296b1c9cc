import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that can be recognised later: ids are given out again, the start mark is not. */
export interface ProcessIdentity {
  pid: number;
  started: string;
}

/** When a running process was started, as a mark to compare; undefined when it does not run. */
export function startMark(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxStartMark(pid) : psStartMark(pid);
}

/** Whether the very process, and not a later one with the same id, still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startMark(identity.pid) === identity.started;
}

/** The identity of a process that runs now. */
export function identify(pid: number): ProcessIdentity {
  return { pid, started: startMark(pid) ?? 'ended' };
}

/** The command line of a process, or an empty text where it cannot be read. */
export function commandLine(pid: number): string {
  if (process.platform !== 'linux') return ps(pid, 'command=');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function linuxStartMark(pid: number): string | undefined {
  try {
    // proc(5): after the name in parentheses come the state (field 3) and, as field 22, the start time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    // The start time counts from boot, so it only means something together with the boot.
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

function psStartMark(pid: number): string | undefined {
  const line = ps(pid, 'state=,lstart=');
  if (line !== '') return line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  try {
    process.kill(pid, 0);
    return 'running';
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  const result = spawnSync('ps', ['-ww', '-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
  });
  return result.status === 0 ? result.stdout.trim() : '';
}
