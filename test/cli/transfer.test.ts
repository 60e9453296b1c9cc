import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import { temporaryFolder } from '../faults/server-process.ts';
import { makeCast, makeProject, type Cast } from '../scene.ts';
import { command } from './command.ts';
import { brokenInvariants, spareDatabase, type SpareDatabase } from './databases.ts';

let api: TestApp;
let own: SpareDatabase;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let cast: Cast;
let heir: Person;
let file: string;
let projectKey: string;

const env = (uri: string): Record<string, string> => ({ MONGO_URI: uri, DATA_DIR: folder.path });
const linesIn = async (path: string): Promise<Record<string, unknown>[]> =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const tasksIn = async (path: string) => (await linesIn(path)).filter(({ type }) => type === 'task');

beforeAll(async () => {
  api = await startApp();
  own = await spareDatabase(mongoose.connection.name);
  folder = await temporaryFolder();
  cast = await makeCast(api);
  heir = await api.register('Hetty Heir');
  const project = await makeProject(api, cast, {
    name: 'Moving house',
    key: 'MOVE',
    description: 'With a *list*.',
  });
  projectKey = String(project.key);
  const { token } = cast.owner;
  const ids: string[] = [];
  for (let count = 0; count < 12; count += 1) {
    const body = {
      projectId: project.id,
      title: `Box ${String(count)}`,
      ...(count % 2 === 0 && { assigneeId: cast.member.user.id, dueDate: '2026-05-01', priority: 'high' }),
    };
    ids.push(String((await api.request('POST', '/api/tasks', { token, body })).body.id));
  }
  await api.request('POST', `/api/tasks/${ids[11] ?? ''}/move`, { token, body: { before: ids[0] } });
  await api.request('PATCH', `/api/tasks/${ids[3] ?? ''}`, { token, body: { status: 'done' } });
  await api.request('DELETE', `/api/tasks/${ids[5] ?? ''}`, { token });
  file = join(folder.path, 'move.jsonl');
  const made = await command(['export', projectKey, '--out', file], env(own.uri));
  expect(made).toMatchObject({ code: 0, out: expect.stringContaining('4 members, 12 tasks') });
}, 120_000);
afterAll(async () => {
  await own.client.close();
  await folder.remove();
  await api.close();
});

it('a project comes through with its numbers, order, people and trash', async () => {
  const rehearsed = await command(['import', file, '--owner', heir.email, '--dry-run'], env(own.uri));
  expect(rehearsed).toMatchObject({
    code: 0,
    out: expect.stringContaining('Would import MOVE: 5 members, 12 tasks'),
  });
  expect((await api.request('GET', '/api/projects', { token: heir.token })).body.items).toEqual([]);

  const imported = await command(['import', file, '--owner', heir.email], env(own.uri));
  expect(imported).toMatchObject({ code: 0, out: expect.stringContaining('Imported MOVE') });
  const id = /id ([0-9a-f]{24})/.exec(imported.out)?.[1] ?? '';
  const project = await eventually(async () => {
    const answer = await api.request('GET', `/api/projects/${id}`, { token: heir.token });
    expect(answer.status).toBe(200);
    return answer.body;
  });
  expect(project).toMatchObject({ key: 'MOVE', name: 'Moving house', role: 'owner', deletedAt: null });
  expect((await api.request('GET', `/api/projects/${id}`, { token: cast.owner.token })).body.role).toBe(
    'manager',
  );

  const second = join(folder.path, 'again.jsonl');
  const exported = await command(['export', id, '--out', second], env(own.uri));
  expect(exported.code).toBe(0);
  expect(await tasksIn(second)).toEqual(await tasksIn(file));
  const query = { projectId: id, limit: '1', sort: '-rank' };
  const body = { projectId: id, title: 'One more box' };
  const next = await api.request('POST', '/api/tasks', { token: heir.token, body });
  expect([next.status, next.body.number]).toEqual([201, 13]);
  const last = await api.request('GET', '/api/tasks', { token: heir.token, query });
  expect(last.body.items[0].id).toBe(next.body.id);
  expect(await brokenInvariants(own.db)).toEqual([]);

  const taken = await command(['import', file, '--owner', heir.email, '--dry-run'], env(own.uri));
  expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('MOVE') });
}, 120_000);

it('people without an account are named and refused, or left out on demand', async () => {
  const elsewhere = await spareDatabase();
  try {
    const owner = 'olga@example.com';
    const made = await command(['user', 'create', owner, '--name', 'Olga'], env(elsewhere.uri));
    expect(made.code).toBe(0);
    const refused = await command(['import', file, '--owner', owner], env(elsewhere.uri));
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining(cast.member.email) });
    expect(await elsewhere.db.collection('projects').countDocuments()).toBe(0);
    const args = ['import', file, '--owner', owner, '--unassign-unknown', '--key', 'ELSE'];
    const imported = await command(args, env(elsewhere.uri));
    expect(imported).toMatchObject({
      code: 0,
      out: expect.stringMatching(/ELSE: 1 members, 12 tasks[^]*6 tasks have no assignee/),
    });
    expect(await elsewhere.db.collection('tasks').countDocuments({ assigneeId: null })).toBe(12);
    expect(await brokenInvariants(elsewhere.db)).toEqual([]);
  } finally {
    await elsewhere.drop();
  }
}, 120_000);

it('a file that is not whole is refused with the lines at fault', async () => {
  const text = await readFile(file, 'utf8');
  const spoiled = join(folder.path, 'spoiled.jsonl');
  for (const [change, sentence] of [
    [(whole: string) => whole.slice(0, whole.lastIndexOf('{"type":"end"')), 'the file was cut off'],
    [(whole: string) => whole.replace('"number":3,', '"number":4,'), 'two tasks have the same number'],
    [(whole: string) => whole.replace('"title":"Box 2"', '"title":""'), /line 8: title: /],
    [(whole: string) => `${whole}nonsense\n`, 'is no JSON'],
    [
      (whole: string) => whole.replace('"status":"done"', '"status":"gone"'),
      'which the project does not have',
    ],
  ] as const) {
    await writeFile(spoiled, change(text));
    const refused = await command(['import', spoiled, '--owner', heir.email, '--key', 'BAD'], env(own.uri));
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(sentence);
  }
}, 120_000);
