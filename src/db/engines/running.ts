import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { LockRecord } from './file-lock.ts';
import { isListening } from './loopback-port.ts';
import { isAlive } from './process-identity.ts';

/** The address of the embedded database that another process of ours has open on this data folder; undefined when none has. */
export async function runningEmbedded(dataFolder: string): Promise<string | undefined> {
  const root = resolve(dataFolder, 'db');
  try {
    // Only `file-lock.ts` writes the file, and whole; anything else throws below.
    const { child } = JSON.parse(readFileSync(join(root, 'lock.json'), 'utf8')) as LockRecord;
    if (child === undefined || !isAlive(child)) return undefined;
    const port = Number(readFileSync(join(root, `${basename(child.folder)}.port`), 'utf8'));
    return (await isListening(port))
      ? `mongodb://127.0.0.1:${String(port)}/pro-tasker?directConnection=true`
      : undefined;
  } catch {
    return undefined;
  }
}
