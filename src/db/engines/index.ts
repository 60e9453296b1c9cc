import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setImmediate } from 'node:timers';
import type { EngineEnv } from './cache-folder.ts';
import { lastLogLine, stopLeftProcess } from './child-process.ts';
import type { EngineName, FoundEngine, Search } from './engine.ts';
import { EngineError, reasonOf } from './engine-error.ts';
import { takeLock } from './file-lock.ts';
import type { FileLock } from './file-lock.ts';
import { findEngine } from './find-engine.ts';
import { commandLine, isAlive } from './process-identity.ts';
import { runEngine } from './run-engine.ts';
import type { RunningEngine } from './run-engine.ts';

export { EngineError } from './engine-error.ts';
export type { EngineName } from './engine.ts';
export { runningEmbedded } from './running.ts';

/** A database that belongs to this process and lives as long as it does. */
export interface EmbeddedDatabase {
  uri: string;
  engine: EngineName;
  version: string;
  folder: string;
  pid: number;
  stop(): Promise<void>;
  /** Called when the engine ends although nobody stopped it. */
  onExit(listener: (reason: string) => void): void;
}

/** What the embedded database needs to know. */
export interface EmbeddedOptions {
  /** The folder of the product's data, such as `./data`; the database lives in `db/<engine>` below it. */
  dataFolder: string;
  env: EngineEnv;
  /** Takes sentences about what is going on. */
  report(line: string): void;
  /** Insists on one engine. */
  only?: EngineName;
}

/** Starts the database that is used when MONGO_URI is unset; throws EngineError with one sentence of advice. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const root = resolve(options.dataFolder, 'db');
  const lock = lockFolder(root);
  try {
    await stopLeftEngine(lock, options.report);
    const search: Search = { env: options.env, report: options.report };
    const engine = await findEngine(root, search, options.only);
    const running = await runEngine(engine, root, lock, options.env.PATH);
    options.report(`Database: ${engine.name} ${engine.version} in ${running.folder}`);
    return owned(engine, running, lock);
  } catch (error) {
    lock.release();
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      `The embedded database could not be started (${reasonOf(error)}): set MONGO_URI instead.`,
    );
  }
}

function lockFolder(root: string): FileLock {
  let taken: ReturnType<typeof takeLock>;
  try {
    mkdirSync(root, { recursive: true });
    taken = takeLock(join(root, 'lock.json'));
  } catch (error) {
    throw new EngineError(
      `The data folder ${root} cannot be written (${reasonOf(error)}): make it writable, use another, or set MONGO_URI.`,
    );
  }
  if ('lock' in taken) return taken.lock;
  throw new EngineError(
    `The data folder ${root} is in use by process ${taken.heldBy.pid}: stop that server first, or use another data folder.`,
  );
}

/** A server that was killed leaves its engine running, and two engines must never share a folder. */
async function stopLeftEngine(lock: FileLock, report: (line: string) => void): Promise<void> {
  const child = lock.left?.child;
  if (!child || !isAlive(child)) return;
  const command = commandLine(child.pid);
  if (!command.includes(child.engine) || !command.includes(child.folder)) return;
  report(`Stopping the ${child.engine} (process ${child.pid}) that a killed server left behind.`);
  await stopLeftProcess(child);
}

function owned(engine: FoundEngine, running: RunningEngine, lock: FileLock): EmbeddedDatabase {
  const { process, port, folder, log } = running;
  const listeners: ((reason: string) => void)[] = [];
  let stopping: Promise<void> | undefined;
  let reason: string | undefined;
  process.onEnd((how) => {
    lock.release();
    if (stopping) return;
    reason = `${engine.name} ended by itself (${how}): ${lastLogLine(log)}`;
    for (const listener of listeners) listener(reason);
  });
  return {
    uri: `mongodb://127.0.0.1:${port}/pro-tasker?directConnection=true`,
    engine: engine.name,
    version: engine.version,
    folder,
    pid: process.identity.pid,
    stop: () => (stopping ??= process.stop()),
    onExit(listener) {
      const known = reason;
      if (known === undefined) listeners.push(listener);
      else setImmediate(() => listener(known));
    },
  };
}
