import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ENGINE_NAMES } from './engine.ts';
import type { EngineName, FindEngine } from './engine.ts';
import { findEngine } from './find-engine.ts';
import { findMongod } from './mongod.ts';

let root: string;
let reported: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'find-engine-'));
  reported = [];
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the choice of the engine', () => {
  it.each(ENGINE_NAMES.map((name, index) => [name, ENGINE_NAMES.slice(index)] as const))(
    'takes %s when nothing before it is to be had',
    async (name, there) => {
      expect(await chosen(there)).toBe(name);
    },
  );

  it('stays with the engine that made the data, although a better one has come', async () => {
    dataOf('secantusd-py');
    expect(await chosen(ENGINE_NAMES)).toBe('secantusd-py');
  });

  it('does not take an empty folder for data', async () => {
    mkdirSync(join(root, 'secantusd-py'));
    expect(await chosen(ENGINE_NAMES)).toBe('mongod');
  });

  it('refuses to guess between the data of two engines', async () => {
    dataOf('mongod');
    dataOf('secantusd-py');
    await expect(chosen(ENGINE_NAMES)).rejects.toThrow('holds data of both mongod and secantusd-py');
  });

  it('never opens an empty database beside a full one', async () => {
    dataOf('secantusd-rs');
    await expect(chosen(['secantusd-py'])).rejects.toThrow(
      'was made by secantusd-rs, which is not to be had',
    );
  });

  it('names all four ways out when there is nothing', async () => {
    const attempt = chosen([]);
    await expect(attempt).rejects.toThrow(/MONGO_URI.*MONGOD_BINARY.*db:install.*Python 3\.10/);
  });

  it('says what an engine that was insisted on needs', async () => {
    await expect(chosen([], 'secantusd-rs')).rejects.toThrow(
      'secantusd-rs is not to be had here: run `npm run db',
    );
  });
});

describe('a mongod', () => {
  it('that is older than 8.0 is passed over on PATH, with a word', async () => {
    programs('mongod', 'db version v7.0.14');
    expect(await findMongod({ env: { PATH: root }, report })).toBeUndefined();
    expect(reported).toEqual([expect.stringContaining('has version 7.0.14 and not 8.0 or newer')]);
  });

  it('that is older than 8.0 is refused when it was named', async () => {
    const attempt = findMongod({
      env: { MONGOD_BINARY: programs('mongod', 'db version v7.0.14') },
      report,
    });
    await expect(attempt).rejects.toThrow('has version 7.0.14');
  });

  it('that is new enough runs as a replica set, on loopback only', async () => {
    programs('mongod', 'db version v8.0.4');
    const found = await findMongod({ env: { PATH: root }, report });
    expect(found?.version).toBe('8.0.4');
    const args = found?.args({ folder: '/data', port: 1, emptyConfig: '' }).join(' ');
    expect(args).toContain('--bind_ip 127.0.0.1 --replSet pro-tasker');
  });
});

function report(line: string): void {
  reported.push(line);
}

function dataOf(name: EngineName): void {
  mkdirSync(join(root, name));
  writeFileSync(join(root, name, 'WiredTiger'), '');
}

function programs(name: string, prints: string): string {
  const file = join(root, name);
  writeFileSync(file, `#!/bin/sh\necho "${prints}"\n`, { mode: 0o755 });
  return file;
}

async function chosen(there: readonly EngineName[], only?: EngineName): Promise<EngineName> {
  const finder =
    (name: EngineName): FindEngine =>
    async () =>
      there.includes(name)
        ? {
            name,
            version: '1.0.0',
            file: name,
            args: () => [],
            becomeWritable: async () => {},
          }
        : undefined;
  const finders = {
    mongod: finder('mongod'),
    'secantusd-rs': finder('secantusd-rs'),
    'mongod-downloaded': finder('mongod-downloaded'),
    'secantusd-py': finder('secantusd-py'),
  };
  return (await findEngine(root, { env: {}, report }, only, finders)).name;
}
