import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const GRACE_MS = 8_000;
const LOG_LIMIT_BYTES = 10_000_000;

/** An engine process that this process started. */
export interface EngineProcess {
  identity: ProcessIdentity;
  /** How it ended, or undefined while it runs. */
  ended(): string | undefined;
  onEnd(listener: (how: string) => void): void;
  stop(): Promise<void>;
}

/** Starts a program in a process group of its own, so that the terminal's Ctrl-C reaches us and not it. */
export async function startProcess(
  file: string,
  args: readonly string[],
  place: { cwd: string; log: string },
): Promise<EngineProcess> {
  const log = openLog(place.log);
  const child = spawn(file, args, {
    cwd: place.cwd,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let how: string | undefined;
  const listeners: ((how: string) => void)[] = [];
  const end = (text: string): void => {
    if (how !== undefined) return;
    how = text;
    process.off('exit', killNow);
    for (const listener of listeners) listener(text);
  };
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => {
      end(error.message);
      reject(error);
    });
    child.once('exit', (code, signal) => end(signal ? `signal ${signal}` : `exit code ${code}`));
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  // Nothing can be awaited while a process exits; the next start waits for the engine's end instead.
  function killNow(): void {
    if (how === undefined) signal(pid, 'SIGTERM');
  }
  process.once('exit', killNow);
  child.unref();
  const identity = identify(pid);
  return {
    identity,
    ended: () => how,
    onEnd: (listener) => void listeners.push(listener),
    async stop() {
      child.ref();
      await stopProcess(pid, () => how === undefined);
    },
  };
}

/** Ends a process that an earlier, crashed owner left behind. */
export async function stopLeftProcess(identity: ProcessIdentity): Promise<void> {
  await stopProcess(identity.pid, () => isAlive(identity));
}

/** The last line with words that an engine wrote to its log. */
export function lastLogLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)?.slice(0, 400) ?? '';
  } catch {
    return '';
  }
}

async function stopProcess(pid: number, runs: () => boolean): Promise<void> {
  if (!runs()) return;
  signal(pid, 'SIGTERM');
  if (await endsWithin(GRACE_MS, runs)) return;
  signal(pid, 'SIGKILL');
  await endsWithin(GRACE_MS, runs);
}

async function endsWithin(limitMs: number, runs: () => boolean): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (runs()) {
    if (performance.now() > deadline) return false;
    await sleep(10);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime, which is what was wanted.
  }
}

function openLog(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(path, `${path}.old`);
  return openSync(path, 'a');
}
