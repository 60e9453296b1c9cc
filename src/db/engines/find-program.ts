import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { executable } from './cache-folder.ts';

const run = promisify(execFile);

/** Whether the path is a file that may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The first program of that name on a PATH. */
export async function findOnPath(name: string, path: string | undefined): Promise<string | undefined> {
  for (const folder of (path ?? '').split(delimiter)) {
    const candidate = join(folder, executable(name));
    // An empty PATH entry means "here", where nobody expects a database server.
    if (folder !== '' && (await isExecutable(candidate))) return candidate;
  }
  return undefined;
}

/** What a program prints, or undefined when it cannot be run to a good end within 10 s. */
export async function outputOf(file: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(file, args, { timeout: 10_000 })).stdout;
  } catch {
    return undefined;
  }
}

/** The version a program names in the output of `--version`, as in `db version v8.0.4`. */
export async function versionOf(file: string): Promise<string | undefined> {
  return (await outputOf(file, ['--version']))?.match(/\d+\.\d+\.\d+\S*/)?.[0];
}
