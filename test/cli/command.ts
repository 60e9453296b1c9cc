import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');
const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;

/** What a command said and how it ended. */
export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs an operator's command as a process of its own, with nothing in its environment but `env`. */
export async function command(
  args: readonly string[],
  env: Record<string, string>,
  script = 'cli/main.ts',
): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', loader, join(root, script), ...args], {
    cwd: env['DATA_DIR'] ?? root,
    env: { NODE_ENV: 'test', JWT_SECRET: 'a secret of the test suite, long enough', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}
