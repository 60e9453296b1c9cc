import mongoose from 'mongoose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadSeed } from '../../cli/seed/load.ts';
import { models } from '../../src/app.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { startApp, type TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import { temporaryFolder } from '../faults/server-process.ts';
import { command } from './command.ts';
import { brokenInvariants, bytesOf, spareDatabase, type SpareDatabase } from './databases.ts';

let api: TestApp;
let own: SpareDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const script = 'cli/seed.ts';
const quiet = (): void => undefined;

beforeAll(async () => {
  api = await startApp();
  own = await spareDatabase(mongoose.connection.name);
  folder = await temporaryFolder();
});
afterAll(async () => {
  await own.client.close();
  await folder.remove();
  await api.close();
});

it('made-up data is what the services would have stored, and the server works on it', async () => {
  const env = { MONGO_URI: own.uri, DATA_DIR: folder.path };
  const password = 'a password for everybody';
  const ended = await command(['--tasks', '3000', '--events', '--password', password], env, script);
  expect(ended).toMatchObject({
    code: 0,
    out: expect.stringContaining('3000 tasks in 3 projects of 12 people'),
  });
  const email = /Log in as (\S+),/.exec(ended.out)?.[1] ?? '';
  for (const model of models as unknown as mongoose.Model<object>[])
    for (const document of await model.find().limit(200).lean()) await model.validate(document);
  expect(await brokenInvariants(own.db)).toEqual([]);
  const { toCreate, toDrop } = await TaskModel.diffIndexes();
  expect([toCreate, toDrop]).toEqual([[], []]);

  const login = await api.request('POST', '/api/auth/login', { body: { email, password } });
  expect(login.status).toBe(200);
  const token = String(login.body.accessToken ?? login.body.token);
  const { body: projects } = await api.request('GET', '/api/projects', { token });
  const project = (projects.items as { id: string; role: string }[]).find(({ role }) => role === 'owner');
  const made = await api.request('POST', '/api/tasks', {
    token,
    body: { projectId: project?.id, title: 'One more' },
  });
  expect([made.status, made.body.number]).toEqual([201, 1_001]);
  const { body: last } = await api.request('GET', '/api/tasks', {
    token,
    query: { projectId: String(project?.id), sort: '-rank', limit: '1' },
  });
  expect(last.items[0].id).toBe(made.body.id);
  await eventually(async () => {
    expect(await own.db.collection('events').countDocuments({ seq: { $exists: false } })).toBe(0);
  }, 60_000);

  const again = await command(['--tasks', '10'], env, script);
  expect(again).toMatchObject({
    code: 1,
    err: expect.stringContaining('Seed 1 is in this database already'),
  });
}, 180_000);

it('the same seed gives the same documents, another one others', async () => {
  const plan = { tasks: 500, projects: 3, people: 5, seed: 7, now: new Date('2026-01-01T00:00:00Z') };
  const password = { hash: 'none', pepperId: null };
  const spares = [await spareDatabase(), await spareDatabase(), await spareDatabase()];
  const sums: string[] = [];
  for (const [index, { db }] of spares.entries()) {
    const seed = index < 2 ? 7 : 8;
    await loadSeed({ db, plan: { ...plan, seed }, password, events: false, progress: quiet });
    sums.push((await bytesOf(db, 'tasks')).sha256);
  }
  for (const spare of spares) await spare.drop();
  expect(sums[0]).toBe(sums[1]);
  expect(sums[2]).not.toBe(sums[0]);
});

it('made-up data has no place in production', async () => {
  const env = {
    NODE_ENV: 'production',
    MONGO_URI: own.uri,
    DATA_DIR: folder.path,
    JWT_SECRET: 'Zk3vQ9w7Xn2LrT5yBd8GhJ4mPq6SfCuA',
  };
  const ended = await command([], env, script);
  expect(ended).toMatchObject({ code: 1, err: expect.stringContaining('no place in production') });
}, 60_000);
