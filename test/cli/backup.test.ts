import { randomUUID } from 'node:crypto';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeBackup, restoreBackup, unfinishedRestore } from '../../src/db/backup/index.ts';
import { startApp, type TestApp } from '../app.ts';
import { temporaryFolder } from '../faults/server-process.ts';
import { makeCast, makeProject } from '../scene.ts';
import { proveBackup } from './backup-proof.ts';
import { command } from './command.ts';
import { bytesOf, spareDatabase, type SpareDatabase } from './databases.ts';

const quiet = (): void => undefined;

describe('a backup made under load', () => {
  it('is one moment of the database, and restores to exactly that', async () => {
    const figures = await proveBackup(2_000);
    expect(figures.writesMeanwhile).toBeGreaterThan(0);
  });
});

describe('a backup file', () => {
  let api: TestApp;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let source: SpareDatabase;
  let passphraseFile: string;
  let plain: string;
  let encrypted: string;
  const spares: SpareDatabase[] = [];
  const passphrase = 'open sesame, dear vault';

  beforeAll(async () => {
    api = await startApp();
    folder = await temporaryFolder();
    source = await spareDatabase(mongoose.connection.name);
    const cast = await makeCast(api);
    const project = await makeProject(api, cast);
    for (let count = 0; count < 30; count += 1) {
      const body = { projectId: project.id, title: `Task ${String(count)}` };
      await api.request('POST', '/api/tasks', { token: cast.owner.token, body });
    }
    passphraseFile = join(folder.path, 'passphrase');
    await writeFile(passphraseFile, `${passphrase}\n`);
    plain = join(folder.path, 'plain.backup');
    encrypted = join(folder.path, 'encrypted.backup');
    await makeBackup({ ...source, path: plain, version: '1.2.3', progress: quiet });
    await makeBackup({ ...source, path: encrypted, version: '1.2.3', passphrase, progress: quiet });
  });
  afterEach(async () => {
    for (const spare of spares.splice(0)) await spare.drop();
  });
  afterAll(async () => {
    await source.client.close();
    await folder.remove();
    await api.close();
  });

  async function empty(): Promise<SpareDatabase> {
    const spare = await spareDatabase();
    spares.push(spare);
    return spare;
  }

  const into = (uri: string): Record<string, string> => ({ MONGO_URI: uri, DATA_DIR: folder.path });
  const tablesOf = async ({ db }: SpareDatabase): Promise<string[]> =>
    (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);

  it('is made and restored on the command line, and logs everyone out', async () => {
    const path = join(folder.path, `${randomUUID()}.backup`);
    const made = await command(['backup', path, '--passphrase-file', passphraseFile], into(source.uri));
    expect(made).toMatchObject({
      code: 0,
      out: expect.stringMatching(/: \d+ documents in \d+ collections, .* encrypted/),
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const again = await command(['backup', path], into(source.uri));
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('is there already') });

    const checked = await command(
      ['restore', path, '--check', '--passphrase-file', passphraseFile],
      into(source.uri),
    );
    expect(checked).toMatchObject({ code: 0, out: expect.stringContaining('is whole') });
    const target = await empty();
    const args = ['restore', path, '--passphrase-file', passphraseFile];
    const restored = await command(args, into(target.uri));
    expect(restored).toMatchObject({ code: 0, out: expect.stringContaining('Restored:') });
    for (const name of ['tasks', 'users', 'credentials', 'projects', 'counters'])
      expect([name, await bytesOf(target.db, name)]).toEqual([name, await bytesOf(source.db, name)]);
    for (const name of ['sessions', 'refreshtokens', 'leases', 'ratelimits'])
      expect([name, await target.db.collection(name).countDocuments()]).toEqual([name, 0]);
    expect(await target.db.collection('log_positions').findOne()).toMatchObject({ token: null });
    expect((await tablesOf(target)).filter((name) => name.startsWith('restoring.'))).toEqual([]);

    const full = await command(args, into(target.uri));
    expect(full).toMatchObject({ code: 1, err: expect.stringContaining('The database is not empty') });
    await target.db.collection('tasks').deleteMany({});
    await target.db.collection('strangers').insertOne({});
    expect(await command([...args, '--replace'], into(target.uri))).toMatchObject({ code: 0 });
    expect(await bytesOf(target.db, 'tasks')).toEqual(await bytesOf(source.db, 'tasks'));
    expect(await tablesOf(target)).not.toContain('strangers');
    // Six processes, each of which takes seconds to start on a busy machine.
  }, 180_000);

  it('says at its beginning what it is, and shows nothing else when it is encrypted', async () => {
    for (const path of [plain, encrypted]) {
      const bytes = await readFile(path);
      const [magic, header] = bytes.toString('latin1').split('\n');
      expect(magic).toBe('PRO-TASKER-BACKUP');
      expect(JSON.parse(header ?? '')).toMatchObject({
        format: 1,
        product: 'pro-tasker',
        version: '1.2.3',
        collections: { tasks: 30 },
      });
    }
  });

  type Spoil = (bytes: Buffer) => Buffer;
  const headerEnd = (bytes: Buffer): number => bytes.indexOf('\n', 18) + 1;
  const flipped =
    (at: (bytes: Buffer) => number): Spoil =>
    (bytes) => {
      const position = at(bytes);
      bytes.writeUInt8(bytes.readUInt8(position) ^ 1, position);
      return bytes;
    };
  const reheaded =
    (change: (text: string) => string): Spoil =>
    (bytes) =>
      Buffer.concat([
        Buffer.from(change(bytes.subarray(0, headerEnd(bytes)).toString())),
        bytes.subarray(headerEnd(bytes)),
      ]);

  it.each<[string, Spoil, RegExp]>([
    ['a bit of the contents is wrong', flipped((bytes) => Math.floor(bytes.length / 2)), /damaged/],
    ['a bit of the digest is wrong', flipped((bytes) => bytes.length - 1), /damaged/],
    ['the header was changed', reheaded((text) => text.replace('1.2.3', '1.2.4')), /damaged/],
    ['the last byte is missing', (bytes) => bytes.subarray(0, -1), /damaged/],
    ['half of it is missing', (bytes) => bytes.subarray(0, bytes.length / 2), /damaged/],
    ['only the header is there', (bytes) => bytes.subarray(0, headerEnd(bytes)), /damaged/],
    ['only a few letters are there', (bytes) => bytes.subarray(0, 7), /damaged/],
    ['something follows', (bytes) => Buffer.concat([bytes, Buffer.from('x')]), /damaged/],
    ['it is empty', () => Buffer.alloc(0), /no backup of this product/],
    ['it is something else', () => Buffer.from('{"users":[]}'), /no backup of this product/],
    ['its format is newer', reheaded((text) => text.replace('"format":1', '"format":2')), /newer version/],
    [
      'it is of another product',
      reheaded((text) => text.replace('"pro-tasker"', '"other"')),
      /no backup of this/,
    ],
  ])('is refused before the database is touched when %s', async (_, spoil, sentence) => {
    const path = join(folder.path, `${randomUUID()}.spoiled`);
    const target = await empty();
    await target.db.collection('tasks').insertOne({ title: 'there before' });
    for (const whole of [plain, encrypted]) {
      await writeFile(path, spoil(await readFile(whole)));
      const attempt = restoreBackup({
        db: target.db,
        path,
        passphrase,
        replace: true,
        keepSessions: false,
        progress: quiet,
      });
      await expect(attempt).rejects.toThrow(sentence);
    }
    expect(await tablesOf(target)).toEqual(['tasks']);
    expect(await target.db.collection('tasks').countDocuments()).toBe(1);
  });

  it('is refused without its passphrase, and with another one', async () => {
    const { db, ...target } = await empty();
    const attempt = (given?: string) =>
      restoreBackup({
        db,
        path: encrypted,
        passphrase: given,
        replace: false,
        keepSessions: false,
        progress: quiet,
      });
    await expect(attempt()).rejects.toThrow('give its passphrase with --passphrase-file');
    await expect(attempt('open sesame, dear vaults')).rejects.toThrow('passphrase is not the one');
    expect(await tablesOf({ db, ...target })).toEqual([]);
    const missing = await command(['restore', join(folder.path, 'nowhere')], into(target.uri));
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('cannot be read') });
  });

  it('is not restored under a server that is at work', async () => {
    const attempt = restoreBackup({
      db: source.db,
      path: plain,
      replace: true,
      keepSessions: false,
      progress: quiet,
    });
    await expect(attempt).rejects.toThrow('A server is at work on this database');
    expect(await source.db.collection('tasks').countDocuments()).toBe(30);
  });

  it('leaves what was there when storing it fails half-way', async () => {
    const target = await empty();
    await target.db.collection('tasks').insertOne({ title: 'there before' });
    let isFailing = true;
    const attempt = () =>
      restoreBackup({
        db: target.db,
        path: plain,
        replace: true,
        keepSessions: false,
        progress: (stage) => {
          if (stage === 'storing' && isFailing) throw new Error('the power is gone');
        },
      });
    await expect(attempt()).rejects.toThrow('the power is gone');
    expect(await tablesOf(target)).toEqual(['tasks']);
    isFailing = false;
    await attempt();
    expect(await bytesOf(target.db, 'tasks')).toEqual(await bytesOf(source.db, 'tasks'));
  });

  it('keeps servers from starting while it is half in place, and is restored by running it again', async () => {
    const target = await empty();
    const attempt = (isFailing: boolean) =>
      restoreBackup({
        db: target.db,
        path: plain,
        replace: false,
        keepSessions: false,
        progress: (stage, done) => {
          if (isFailing && stage === 'building indexes' && done === 5) throw new Error('the power is gone');
        },
      });
    await expect(attempt(true)).rejects.toThrow('the power is gone');
    expect(await unfinishedRestore(target.db)).toMatchObject({ file: 'plain.backup' });
    const refused = await command(['user', 'promote', 'a@example.com'], into(target.uri));
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('The database is half restored') });
    await attempt(false);
    expect(await unfinishedRestore(target.db)).toBeNull();
    for (const name of ['tasks', 'users', 'events', 'counters'])
      expect((await bytesOf(target.db, name)).count).toBeGreaterThan(0);
  });

  it('keeps every kind of value, and cannot be mistaken for another by its name', async () => {
    const { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, Timestamp, UUID, BSONRegExp } =
      mongoose.mongo;
    const from = await empty();
    const to = await empty();
    await from.db.collection('kinds').insertMany([
      { whole: new Int32(1), double: new Double(1), long: Long.fromNumber(1), huge: Long.MAX_VALUE },
      { decimal: Decimal128.fromString('1.10'), bytes: new Binary(Buffer.from('ab')), id: new UUID() },
      { at: new Date(0), no: null, text: 'ä\u0000b', pattern: new BSONRegExp('^a', 'i'), list: [[], {}] },
      {
        time: new Timestamp({ t: 1, i: 2 }),
        least: new MinKey(),
        most: new MaxKey(),
        nested: { b: 1, a: 2 },
      },
    ]);
    await from.db.collection('kinds').createIndexes([{ key: { whole: -1 }, name: 'own', sparse: true }]);
    const path = join(folder.path, `${randomUUID()}.backup`);
    await makeBackup({ ...from, path, version: 'x', progress: quiet });
    const moved = join(folder.path, 'moved');
    await copyFile(path, moved);
    await restoreBackup({ db: to.db, path: moved, replace: false, keepSessions: false, progress: quiet });
    expect(await bytesOf(to.db, 'kinds')).toEqual(await bytesOf(from.db, 'kinds'));
    expect(await to.db.collection('kinds').indexes()).toEqual(await from.db.collection('kinds').indexes());
  });
});
