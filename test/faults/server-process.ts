import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real process of the product. */
export interface ServerProcess {
  pid: number;
  /** Both outputs so far. */
  output(): string;
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
}

const root = resolve(import.meta.dirname, '../..');
const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;

/** Starts the product with nothing in its environment but `env`, in a folder of its own. */
export function startProcess(env: Record<string, string>, folder: string): ServerProcess {
  const child: ChildProcess = spawn(process.execPath, ['--import', loader, join(root, 'src/main.ts')], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    pid: child.pid ?? 0,
    output: () => output,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** What a process of a test has in its environment. */
export const testEnvironment = (
  port: number,
  folder: string,
  more: Record<string, string>,
): Record<string, string> => ({
  NODE_ENV: 'test',
  LOG_LEVEL: 'info',
  HOST: '127.0.0.1',
  PORT: String(port),
  DATA_DIR: join(folder, 'data'),
  JWT_SECRET: 'a secret of the test suite, long enough',
  ...more,
});

/** Waits until the process says it is ready; throws what it said when it does not. */
export async function untilReady(server: ServerProcess, withinMs = 30_000): Promise<void> {
  let isOver = false;
  void server.ended.then(() => {
    isOver = true;
  });
  const giveUpAt = performance.now() + withinMs;
  while (!server.output().includes('"msg":"ready"')) {
    if (isOver || performance.now() > giveUpAt) throw new Error(`not ready: ${server.output()}`);
    await sleep(20);
  }
}

/** A port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  // A listening TCP server has an AddressInfo.
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A folder that is gone afterwards. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'pro-tasker-process-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
