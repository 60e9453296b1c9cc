import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { lastLogLine, startProcess } from './child-process.ts';
import type { EngineProcess } from './child-process.ts';
import { endingWithParent } from './end-with-parent.ts';
import type { FoundEngine } from './engine.ts';
import { EngineError, reasonOf } from './engine-error.ts';
import type { FileLock } from './file-lock.ts';
import { chooseLoopbackPort, isListening } from './loopback-port.ts';

const ATTEMPTS = 3;
const POLL_MS = 20;
// After a crash the engine first replays its journal.
const READY_LIMIT_MS = 120_000;
const PORT_TAKEN = /address (already )?in use|EADDRINUSE/i;
const FOLDER_TAKEN = /resource busy|DBPathInUse|already being managed/i;

/** An engine that answers and takes writes. */
export interface RunningEngine {
  process: EngineProcess;
  port: number;
  folder: string;
  log: string;
}

/** Starts the engine on its folder under `root`, and waits until it takes writes. */
export async function runEngine(
  engine: FoundEngine,
  root: string,
  lock: FileLock,
  path?: string,
): Promise<RunningEngine> {
  const folder = join(root, engine.name);
  const log = join(root, `${engine.name}.log`);
  const portFile = join(root, `${engine.name}.port`);
  const emptyConfig = join(root, 'empty.toml');
  await mkdir(folder, { recursive: true });
  writeFileSync(emptyConfig, '# Left empty: the options on the command line are the whole configuration.\n');
  for (let attempt = 1; ; attempt += 1) {
    const port = await chooseLoopbackPort(portFile);
    const args = engine.args({ folder, port, emptyConfig });
    const command = await endingWithParent(engine.file, args, path);
    const process = await startProcess(command.file, command.args, { cwd: root, log });
    try {
      lock.record({
        ...process.identity,
        engine: basename(engine.file),
        folder,
      });
      await becomeReady(engine, process, port, log);
      writeFileSync(portFile, String(port));
      return { process, port, folder, log };
    } catch (error) {
      await process.stop();
      if (error instanceof PortTaken && attempt < ATTEMPTS) continue;
      if (FOLDER_TAKEN.test(lastLogLine(log))) {
        throw new EngineError(
          `Another process has ${folder} open, perhaps in a container: stop it and start again.`,
        );
      }
      throw new EngineError(`${engine.name} could not be started (${reasonOf(error)}): look into ${log}.`);
    }
  }
}

class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

async function becomeReady(
  engine: FoundEngine,
  process: EngineProcess,
  port: number,
  log: string,
): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  while (!(await isListening(port))) {
    throwIfEnded(process, log);
    if (performance.now() > deadline) throw new Error(`no answer within ${READY_LIMIT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
  const client = new mongo.MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 10_000,
    connectTimeoutMS: 10_000,
    monitorCommands: false,
  });
  try {
    const status = await client.db('admin').command({ serverStatus: 1 });
    // Somebody else's server may have taken the port between our look and the engine's start.
    if (status['pid'] !== process.identity.pid) throw new PortTaken('the port is taken');
    await engine.becomeWritable(client, port);
    throwIfEnded(process, log);
  } finally {
    await client.close();
  }
}

function throwIfEnded(process: EngineProcess, log: string): void {
  const how = process.ended();
  if (how === undefined) return;
  const line = lastLogLine(log);
  if (PORT_TAKEN.test(line)) throw new PortTaken(line);
  throw new Error(line ? `${how}, ${line}` : how);
}
