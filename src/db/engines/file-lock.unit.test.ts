import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from './file-lock.ts';
import type { FileLock } from './file-lock.ts';
import { identify } from './process-identity.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-lock-'));
  path = join(folder, 'lock.json');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the lock of a folder', () => {
  it('is held by one at a time, and free again when released', () => {
    const lock = take();
    expect(takeLock(path)).toEqual({ heldBy: identify(process.pid) });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    take();
  });

  it('is taken from a process whose id was given out again', () => {
    const child = { ...identify(process.pid), engine: 'mongod', folder };
    writeFileSync(
      path,
      JSON.stringify({
        holder: { pid: process.pid, started: 'earlier' },
        child,
      }),
    );
    expect(take().left?.child).toEqual(child);
  });

  it('is taken when the file was damaged', () => {
    writeFileSync(path, '{"hold');
    expect(take().left).toBeUndefined();
  });

  it('stays with its new holder when the old one releases late', () => {
    const old = take();
    rmSync(path);
    take();
    old.record({ ...identify(process.pid), engine: 'mongod', folder });
    expect(readdirSync(folder)).toEqual(['lock.json']);
  });
});

function take(): FileLock {
  const taken = takeLock(path);
  if ('heldBy' in taken) throw new Error(`held by ${taken.heldBy.pid}`);
  return taken.lock;
}
