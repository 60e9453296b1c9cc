import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What a lock file says: who holds it and, for a database folder, which engine process was started on it. */
export interface LockRecord {
  holder: ProcessIdentity;
  child?: ProcessIdentity & { engine: string; folder: string };
}

/** A lock that this process holds. */
export interface FileLock {
  /** What the previous holder left when it ended without releasing. */
  left: LockRecord | undefined;
  record(child: NonNullable<LockRecord['child']>): void;
  release(): void;
}

/** Takes the lock, also from a holder that no longer runs; returns the living holder when there is one. */
export function takeLock(path: string): { lock: FileLock } | { heldBy: ProcessIdentity } {
  const mine: LockRecord = { holder: identify(process.pid) };
  let left: LockRecord | undefined;
  for (;;) {
    if (createWhole(path, JSON.stringify(mine))) return { lock: held(path, mine, left) };
    const found = readText(path);
    if (found === undefined) continue;
    const record = parse(found);
    if (record && isAlive(record.holder)) return { heldBy: record.holder };
    if (setAside(path, found)) left = record;
  }
}

function held(path: string, mine: LockRecord, left: LockRecord | undefined): FileLock {
  let current = JSON.stringify(mine);
  return {
    left,
    record(child) {
      current = JSON.stringify({ ...mine, child });
      const draft = ownName(path, 'draft');
      writeFileSync(draft, current);
      renameSync(draft, path);
    },
    release() {
      if (readText(path) === current) rmSync(path, { force: true });
    },
  };
}

/** A link appears with its content or not at all, so nobody ever reads half a lock. */
function createWhole(path: string, text: string): boolean {
  const draft = ownName(path, 'draft');
  writeFileSync(draft, text);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (codeOf(error) === 'EPERM' || codeOf(error) === 'ENOTSUP') return createWithoutLink(path, text);
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Some mounted file systems know no hard links. */
function createWithoutLink(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the stale lock; a rival's fresh lock, taken by mistake in between, is put back. */
function setAside(path: string, stale: string): boolean {
  const aside = ownName(path, 'stale');
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  const wasStale = readText(aside) === stale;
  if (!wasStale) renameSync(aside, path);
  rmSync(aside, { force: true });
  return wasStale;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string): LockRecord | undefined {
  try {
    // Only this module writes the file; anything else is treated as a leftover.
    const record = JSON.parse(text) as LockRecord;
    return typeof record.holder.pid === 'number' ? record : undefined;
  } catch {
    return undefined;
  }
}

function ownName(path: string, purpose: string): string {
  return `${path}.${purpose}-${process.pid}`;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
