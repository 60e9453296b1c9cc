import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventsAbout, refusal } from '../scene.ts';
import { startApp, type TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import { temporaryFolder } from '../faults/server-process.ts';
import { command } from './command.ts';
import { spareDatabase, type SpareDatabase } from './databases.ts';

let api: TestApp;
let own: SpareDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: Record<string, string>;

beforeAll(async () => {
  api = await startApp();
  own = await spareDatabase(mongoose.connection.name);
  folder = await temporaryFolder();
  env = { MONGO_URI: own.uri, DATA_DIR: folder.path };
});
afterAll(async () => {
  await own.client.close();
  await folder.remove();
  await api.close();
});

it('shuts a user out, also with a session, and lets them in again', async () => {
  const person = await api.register('Petra Person');
  const login = () =>
    api.request('POST', '/api/auth/login', { body: { email: person.email, password: person.password } });
  expect(await command(['user', 'disable', person.email], env)).toMatchObject({ code: 0 });
  await eventually(async () => {
    const answer = await api.request('GET', '/api/users/me', { token: person.token });
    expect(answer.status).toBeGreaterThanOrEqual(401);
  });
  expect((await login()).status).toBe(401);
  expect(await command(['user', 'enable', person.email], env)).toMatchObject({ code: 0 });
  expect((await login()).status).toBe(200);
  const names = (await eventsAbout(person.user.id)).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('user.'))).toEqual([
    'user.registered',
    'user.disabled',
    'user.enabled',
  ]);
  const stranger = await command(['user', 'disable', 'nobody@example.com'], env);
  expect(stranger).toMatchObject({ code: 1, err: expect.stringContaining('nobody@example.com') });
  expect(refusal(await login())).toEqual([200, undefined]);
}, 180_000);

it('does not shut the last administrator out', async () => {
  const admin = await api.register('Anna Admin');
  expect(await command(['user', 'promote', admin.email], env)).toMatchObject({ code: 0 });
  const refused = await command(['user', 'disable', admin.email], env);
  expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/administrator/) });
}, 120_000);

it('checks the configuration and writes the description of the API without a database', async () => {
  const nowhere = { DATA_DIR: folder.path, MONGO_URI: 'mongodb://127.0.0.1:1/x' };
  expect(await command(['config', 'check'], nowhere)).toMatchObject({
    code: 0,
    out: expect.stringContaining('The configuration is sound'),
  });
  const ill = await command(['config', 'check'], { ...nowhere, PORT: 'many', LOG_LEVEL: 'loud' });
  expect(ill).toMatchObject({ code: 1, err: expect.stringContaining('has 2 faults') });
  const file = join(folder.path, 'openapi.json');
  expect(await command(['openapi', file], nowhere)).toMatchObject({ code: 0, out: '' });
  const shown = await command(['openapi'], nowhere);
  expect(shown.out).toBe(await readFile(file, 'utf8'));
  expect(shown.out).toBe(await readFile(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8'));
}, 120_000);
