import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secantusRsBinary } from './cache-folder.ts';
import { findOnPath, isExecutable, outputOf } from './find-program.ts';
import { EngineError, startEmbedded } from './index.ts';
import type { EmbeddedDatabase, EmbeddedOptions } from './index.ts';
import { startMark } from './process-identity.ts';

const cacheHome = process.env['XDG_CACHE_HOME'] || join(process.env['HOME'] || homedir(), '.cache');
const env = { XDG_CACHE_HOME: cacheHome, PATH: process.env['PATH'] };
const present = await isExecutable(secantusRsBinary(env));
const setpriv = await findOnPath('setpriv', env.PATH);
const endsWithParent = setpriv && (await outputOf(setpriv, ['--help']))?.includes('--pdeathsig');

let dataFolder: string;
let opened: EmbeddedDatabase[];
let reported: string[];

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'engines-'));
  opened = [];
  reported = [];
});

afterEach(async () => {
  await Promise.all(opened.map((database) => database.stop()));
  rmSync(dataFolder, { recursive: true, force: true });
});

describe.skipIf(!present)('the embedded database', { timeout: 30_000 }, () => {
  it('keeps what was written across a restart, on the same address', async () => {
    const first = await start();
    await insert(first.uri, 'kept');
    await first.stop();
    expect(startMark(first.pid)).toBeUndefined();

    const second = await start();

    expect(await names(second.uri)).toEqual(['kept']);
    expect(second.uri).toBe(first.uri);
    expect(reported.at(-1)).toMatch(/^Database: secantusd-rs \d.* in .*secantusd-rs$/);
  });

  it('is never opened twice', async () => {
    await start();
    await expect(start()).rejects.toThrow(/is in use by process \d+: stop that server first/);
  });

  it('takes a folder over from a killed server, and stops the engine that it left behind', async () => {
    const { server, database } = await startElsewhere();
    await insert(database.uri, 'acknowledged');
    server.kill('SIGKILL');
    await endOf(server);
    expect(startMark(database.pid)).toBeDefined();

    const next = await start();

    expect(startMark(database.pid)).toBeUndefined();
    expect(reported[0]).toContain(`process ${database.pid}) that a killed server left behind`);
    expect(await names(next.uri)).toEqual(['acknowledged']);
  });

  it.skipIf(!endsWithParent)('ends with a killed server at once where the system can do that', async () => {
    const { server, database } = await startElsewhere({}, env.PATH);
    server.kill('SIGKILL');
    await endOf(server);
    await expect.poll(() => startMark(database.pid), { timeout: 8_000 }).toBeUndefined();
  });

  it('is stopped when its server exits, although nobody stopped it', async () => {
    const { server, database } = await startElsewhere();
    server.kill('SIGTERM');
    await endOf(server);
    await expect.poll(() => startMark(database.pid), { timeout: 8_000 }).toBeUndefined();
  });

  it('says so when the engine ends by itself, and lets go of the folder', async () => {
    const database = await start();
    const reason = new Promise<string>((resolve) => database.onExit(resolve));
    process.kill(database.pid, 'SIGKILL');
    expect(await reason).toMatch(/^secantusd-rs ended by itself \(signal SIGKILL\)/);
    await start();
  });

  it('tells nobody about an ending that was asked for', async () => {
    const database = await start();
    let told = false;
    database.onExit(() => (told = true));
    await Promise.all([database.stop(), database.stop()]);
    expect(told).toBe(false);
  });

  it('leaves the signals of the terminal to its server', async () => {
    const { server, database } = await startElsewhere({ detached: true });
    // What Ctrl-C does: the signal goes to the whole process group of the foreground program.
    process.kill(-(server.pid ?? 0), 'SIGINT');
    await endOf(server);
    await sleep(300);
    expect(startMark(database.pid)).toBeDefined();
    await start();
  });

  it('keeps the engine that made the data', async () => {
    const database = await start();
    await database.stop();
    await expect(start({ only: 'mongod' })).rejects.toThrow('was made by secantusd-rs and not by mongod');
  });

  it('refuses data whose engine is not to be had any more', async () => {
    const database = await start();
    await database.stop();
    const bare = { XDG_CACHE_HOME: join(dataFolder, 'nothing'), PATH: '' };
    await expect(startEmbedded({ dataFolder, env: bare, report })).rejects.toThrow(
      /was made by secantusd-rs, which is not to be had any more: run `npm run db:install`/,
    );
  });

  it('keeps the log of the engine beside its folder', async () => {
    await start();
    expect(readFileSync(join(dataFolder, 'db', 'secantusd-rs.log'), 'utf8')).toContain('listening');
  });
});

describe('a start that cannot be', () => {
  it('says that the data folder cannot be written', async () => {
    const file = join(dataFolder, 'file');
    writeFileSync(file, '');
    const attempt = startEmbedded({
      dataFolder: join(file, 'data'),
      env,
      report,
    });
    await expect(attempt).rejects.toThrow(/cannot be written .*set MONGO_URI/);
    await expect(attempt).rejects.toBeInstanceOf(EngineError);
  });

  it('says that MONGOD_BINARY names no program', async () => {
    const attempt = startEmbedded({
      dataFolder,
      env: { MONGOD_BINARY: '/no/mongod' },
      report,
    });
    await expect(attempt).rejects.toThrow('MONGOD_BINARY names /no/mongod, which cannot be run');
  });

  it('shows the last words of an engine that ends at once', async () => {
    const program = join(dataFolder, 'mongod');
    const script =
      '#!/bin/sh\n[ "$1" = --version ] && echo "db version v8.0.4" && exit\necho out of luck\nexit 3\n';
    writeFileSync(program, script, { mode: 0o755 });
    const attempt = startEmbedded({
      dataFolder,
      env: { MONGOD_BINARY: program },
      report,
    });
    await expect(attempt).rejects.toThrow(
      /mongod could not be started \(exit code 3, out of luck\): look into/,
    );
  });
});

function report(line: string): void {
  reported.push(line);
}

async function start(more: Partial<EmbeddedOptions> = {}): Promise<EmbeddedDatabase> {
  const database = await startEmbedded({
    dataFolder,
    env,
    report,
    only: 'secantusd-rs',
    ...more,
  });
  opened.push(database);
  return database;
}

async function startElsewhere(
  options: { detached?: boolean } = {},
  path = '',
): Promise<{ server: ChildProcess; database: { uri: string; pid: number } }> {
  const script = join(import.meta.dirname, 'start-and-wait.fixture.ts');
  const server = spawn(process.execPath, ['--import', 'tsx', script, dataFolder, cacheHome, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  const line = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    server.once('exit', () => reject(new Error('the server did not start')));
  });
  // The fixture prints exactly this shape.
  return { server, database: JSON.parse(line) as { uri: string; pid: number } };
}

async function endOf(server: ChildProcess): Promise<void> {
  while (server.exitCode === null && server.signalCode === null) await sleep(10);
}

async function insert(uri: string, name: string): Promise<void> {
  await withClient(uri, (client) => client.db().collection('things').insertOne({ name }));
}

async function names(uri: string): Promise<unknown[]> {
  const found = await withClient(uri, (client) => client.db().collection('things').find().toArray());
  return found.map((thing) => thing['name']);
}

async function withClient<T>(uri: string, ask: (client: mongo.MongoClient) => Promise<T>): Promise<T> {
  const client = new mongo.MongoClient(uri);
  try {
    return await ask(client);
  } finally {
    await client.close();
  }
}
