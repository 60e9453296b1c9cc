import { createHash, randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel } from '../../src/events/index.ts';
import { CounterModel } from '../../src/features/projects/project.model.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { AnswerModel } from '../../src/http/idempotency.model.ts';
import { startApp, type Answer, type Person, type TestApp } from '../app.ts';
import { addTo, eventsAbout, makeCast, makeProject, pointersOf, refusal, type Cast } from '../scene.ts';

let api: TestApp;
let second: TestApp;
let cast: Cast;
let projectId: string;
beforeAll(async () => {
  api = await startApp();
  second = await api.second();
  cast = await makeCast(api);
  projectId = String((await makeProject(api, cast)).id);
});
afterAll(() => api.close());

interface Call {
  body?: object;
  key?: string;
  by?: Person;
  headers?: Record<string, string>;
  query?: Record<string, string>;
  on?: TestApp;
}
const call = (
  method: string,
  path: string,
  { body, key, by = cast.member, headers = {}, query = {}, on = api }: Call = {},
): Promise<Answer> =>
  on.request(method, path, {
    token: by.token,
    body,
    query,
    headers: { ...headers, ...(key !== undefined && { 'idempotency-key': key }) },
  });
const titled = (title: string) => ({ projectId, title });
const make = async (title = 'A task') =>
  (await call('POST', '/api/tasks', { body: titled(title) })).body as { id: string; version: number };
const tasksTitled = (title: string): Promise<number> => TaskModel.countDocuments({ title });
const isReplay = ({ headers }: Answer): boolean => headers['idempotency-replayed'] === 'true';

describe('a write with an idempotency key', () => {
  it('takes effect once; a repeat gets the same answer', async () => {
    const [key, title] = [randomUUID(), 'once and for all'];
    const first = await call('POST', '/api/tasks', { body: titled(title), key });
    expect([first.status, isReplay(first)]).toEqual([201, false]);
    for (const on of [api, second]) {
      // The same members in another order are the same body.
      const again = await call('POST', '/api/tasks', { body: { title, projectId }, key, on });
      expect([again.status, isReplay(again), again.text]).toEqual([201, true, first.text]);
      for (const name of ['location', 'etag', 'content-type'])
        expect(again.headers[name]).toBe(first.headers[name]);
    }
    expect(await tasksTitled(title)).toBe(1);
    expect(await eventsAbout(String(first.body.id))).toHaveLength(1);
  });

  it('is one effect for fifty at once over two processes', async () => {
    for (let round = 1; round <= 5; round += 1) {
      const [key, title] = [randomUUID(), `fifty ${String(round)}`];
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, turn) =>
          call('POST', '/api/tasks', { body: titled(title), key, on: turn % 2 === 0 ? api : second }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter((answer) => !isReplay(answer))).toHaveLength(1);
      expect(await tasksTitled(title)).toBe(1);
    }
  });

  it('gives its answer again also to one who had to try twice', async () => {
    const sendings = Array.from({ length: 12 }, () => ({
      body: { name: 'Quartz Rivals' },
      key: randomUUID(),
    }));
    const all = (on: TestApp) =>
      Promise.all(sendings.map((sending) => call('POST', '/api/projects', { ...sending, on })));
    const first = await all(api);
    expect(new Set(first.map(({ body }) => String(body.key))).size).toBe(12);
    const again = await all(second);
    expect(again.map(({ text }) => text)).toEqual(first.map(({ text }) => text));
  });

  it('works for every method, also where there is no body to answer', async () => {
    const task = await make();
    const path = `/api/tasks/${task.id}`;
    const keys = [randomUUID(), randomUUID(), randomUUID()];
    const steps: [string, string, Call][] = [
      ['PATCH', path, { body: { title: 'patched' }, key: keys[0] ?? '' }],
      ['POST', `${path}/move`, { body: { status: 'done' }, key: keys[1] ?? '' }],
      ['DELETE', path, { key: keys[2] ?? '' }],
    ];
    for (const [method, address, sending] of steps) {
      const first = await call(method, address, sending);
      expect(first.status).toBeLessThan(300);
      const again = await call(method, address, sending);
      expect([again.status, again.text, isReplay(again)]).toEqual([first.status, first.text, true]);
    }
    expect((await eventsAbout(task.id)).map(({ name }) => name)).toEqual([
      'task.created',
      'task.updated',
      'task.completed',
      'task.deleted',
    ]);
  });

  it('refuses the key for anything else', async () => {
    const [key, title] = [randomUUID(), 'mine alone'];
    const task = await make('another');
    await call('POST', '/api/tasks', { body: titled(title), key });
    const others: [string, string, object][] = [
      ['POST', '/api/tasks', titled('another body')],
      ['POST', '/api/projects', titled(title)],
      ['PATCH', `/api/tasks/${task.id}`, titled(title)],
    ];
    for (const [method, path, body] of others)
      expect(refusal(await call(method, path, { body, key }))).toEqual([422, 'idempotency.key_reused']);
    expect(await tasksTitled('another body')).toBe(0);
  });

  it('belongs to its user', async () => {
    const [key, title] = [randomUUID(), 'two people, one key'];
    for (const by of [cast.member, cast.manager])
      expect(isReplay(await call('POST', '/api/tasks', { body: titled(title), key, by }))).toBe(false);
    expect(await tasksTitled(title)).toBe(2);
  });

  it('keeps refusals too, even when the reason is gone', async () => {
    const newcomer = await api.register('Nora Newcomer');
    const [key, body] = [randomUUID(), { ...titled('for Nora'), assigneeId: newcomer.user.id }];
    const first = await call('POST', '/api/tasks', { body, key });
    expect(refusal(first)).toEqual([422, 'task.assignee_not_eligible']);
    await addTo(api, cast, projectId, newcomer, 'member');
    const again = await call('POST', '/api/tasks', { body, key });
    expect([again.status, again.text, isReplay(again)]).toEqual([422, first.text, true]);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect((await call('POST', '/api/tasks', { body, key: randomUUID() })).status).toBe(201);
  });

  it('may be used anew after 24 hours', async () => {
    const [key, title] = [randomUUID(), 'every day'];
    const first = await call('POST', '/api/tasks', { body: titled(title), key });
    await AnswerModel.updateMany({}, { expiresAt: new Date(Date.now() - 1) });
    const next = await call('POST', '/api/tasks', { body: titled(title), key });
    expect([next.status, isReplay(next)]).toEqual([201, false]);
    expect(next.body.id).not.toBe(first.body.id);
    const [stored] = await AnswerModel.find({ expiresAt: { $gt: new Date() } }).lean();
    const hours = ((stored?.expiresAt.getTime() ?? 0) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThanOrEqual(24);
  });

  it('shows the answer again only to somebody who may still read it', async () => {
    const guest = await api.register('Gus Guest');
    const other = String((await makeProject(api, cast)).id);
    await addTo(api, cast, other, guest, 'manager');
    const [key, adding] = [randomUUID(), randomUUID()];
    const sending = { body: { projectId: other, title: 'seen once' }, key, by: guest };
    const member = { body: { userId: cast.stranger.user.id, role: 'viewer' }, key: adding, by: guest };
    const people = `/api/projects/${other}/members`;
    await call('POST', '/api/tasks', sending);
    expect((await call('POST', people, member)).body.email).toBe(cast.stranger.email);
    // Once a plain member, Gus reads tasks but no addresses.
    await call('PATCH', `${people}/${guest.user.id}`, { body: { role: 'viewer' }, by: cast.owner });
    const demoted = await call('POST', people, member);
    expect([demoted.status, demoted.text]).toEqual([201, '']);
    await call('DELETE', `${people}/${guest.user.id}`, { by: cast.owner });
    const removed = await call('POST', '/api/tasks', sending);
    expect([removed.status, removed.text, isReplay(removed)]).toEqual([201, '', true]);
    expect(removed.headers.location).toBeUndefined();
  });

  it('gives nothing to a session that has ended', async () => {
    const guest = await api.register('Lea Leaver');
    const sending = { body: { name: 'Mine' }, key: randomUUID(), by: guest };
    await call('POST', '/api/projects', sending);
    await call('POST', '/api/auth/logout', { by: guest });
    expect(refusal(await call('POST', '/api/projects', sending))).toEqual([401, 'auth.session_ended']);
  });

  it('keeps an answer of more than 128 KiB without its body', async () => {
    const [key, body] = [randomUUID(), { ...titled('long'), description: '語'.repeat(50_000) }];
    const first = await call('POST', '/api/tasks', { body, key });
    const again = await call('POST', '/api/tasks', { body, key });
    expect([first.status, again.status, again.text, isReplay(again)]).toEqual([201, 201, '', true]);
    expect(await tasksTitled('long')).toBe(1);
  });

  it('is stored neither readable nor with the user’s name', async () => {
    const key = `visible-${randomUUID()}`;
    await call('POST', '/api/tasks', { body: titled('hidden key'), key });
    const stored = JSON.stringify(await mongoose.connection.collection('answers').find().toArray());
    expect(stored).not.toContain(key);
  });

  it('keeps nothing by which a password in the body could be guessed', async () => {
    const person = await api.register();
    const { token, password } = person;
    const body = { currentPassword: password, email: `later.${person.email}` };
    const headers = { 'idempotency-key': randomUUID() };
    const answer = await api.request('PATCH', '/api/users/me', { token, body, headers });
    expect(answer.status).toBe(200);
    const text = `patch /api/users/me ${JSON.stringify(body)}`;
    const guess = createHash('sha256').update(text).digest('base64url');
    const expected = api.instance.deps.fingerprint(text);
    const find = (fingerprint: string) =>
      mongoose.connection.collection('answers').countDocuments({ fingerprint });
    expect([await find(guess), await find(expected)]).toEqual([0, 1]);
  });

  it('is refused where answers hold secrets', async () => {
    const { email, password } = cast.member;
    const body = { email, password };
    const keyed = await call('POST', '/api/auth/login', { body, key: randomUUID() });
    expect(refusal(keyed)).toEqual([400, 'request.not_supported']);
    const rehearsed = await call('POST', '/api/auth/logout', { query: { dryRun: 'true' } });
    expect(refusal(rehearsed)).toEqual([400, 'request.not_supported']);
    expect((await call('GET', '/api/users/me')).status).toBe(200);
  });
});

describe('a dry run', () => {
  const rehearse = (method: string, path: string, sending: Call = {}) =>
    call(method, path, { ...sending, query: { dryRun: 'true' } });
  const everything = async (): Promise<string> => {
    const kinds = ['projects', 'tasks', 'counters', 'project_keys', 'answers'];
    const stored = kinds.map((kind) =>
      mongoose.connection.collection(kind).find().sort({ _id: 1 }).toArray(),
    );
    return JSON.stringify([await Promise.all(stored), await EventModel.countDocuments()]);
  };

  it('answers like the real thing and does nothing', async () => {
    const task = await make('rehearsed');
    const path = `/api/tasks/${task.id}`;
    const before = await everything();
    const steps: [string, string, Call][] = [
      ['POST', '/api/tasks', { body: titled('never made') }],
      ['PATCH', path, { body: { title: 'never', status: 'done' } }],
      ['POST', `${path}/move`, { body: { status: 'in_progress' } }],
      ['DELETE', path, {}],
      ['POST', '/api/projects', { body: { name: 'Never', key: 'NEVER' } }],
      ['PATCH', `/api/projects/${projectId}`, { body: { key: 'NEW' }, by: cast.owner }],
      ['DELETE', `/api/projects/${projectId}/members/${cast.viewer.user.id}`, { by: cast.owner }],
      ['DELETE', `/api/projects/${projectId}`, { by: cast.owner }],
    ];
    for (const [method, address, sending] of steps) {
      const answer = await rehearse(method, address, sending);
      expect([address, answer.status]).toEqual([
        address,
        method === 'DELETE' ? 204 : address.endsWith('s') ? 201 : 200,
      ]);
      expect(answer.headers['preference-applied']).toBe('dry-run');
      expect(answer.headers.location).toBeUndefined();
    }
    expect(await everything()).toBe(before);
    expect((await call('GET', path)).body.version).toBe(1);
  });

  it('takes no number', async () => {
    const id = new mongoose.Types.ObjectId(projectId);
    const before = await CounterModel.findById(id).lean();
    const { body } = await rehearse('POST', '/api/tasks', { body: titled('no number') });
    expect(body).toMatchObject({ number: null, key: null, title: 'no number', status: 'todo', version: 1 });
    expect(await CounterModel.findById(id).lean()).toEqual(before);
    const real = await call('POST', '/api/tasks', { body: titled('no number') });
    expect(real.body.number).toBe((before?.number ?? 0) + 1);
  });

  it('meets the same refusals', async () => {
    const task = await make();
    const path = `/api/tasks/${task.id}`;
    const stale = await rehearse('PATCH', path, { body: { title: 'x' }, headers: { 'if-match': '"7"' } });
    expect(refusal(stale)).toEqual([412, 'resource.changed']);
    const denied = await rehearse('PATCH', path, { body: { title: 'x' }, by: cast.viewer });
    expect(refusal(denied)).toEqual([403, 'access.denied']);
    const unknown = await rehearse('PATCH', path, { body: { status: 'nowhere' } });
    expect(refusal(unknown)).toEqual([422, 'task.unknown_status']);
    expect(refusal(await rehearse('DELETE', path, { by: cast.stranger }))).toEqual([404, 'task.not_found']);
  });
});

describe('Prefer: merge', () => {
  const stale = { 'if-match': '"1"', prefer: 'merge' };
  const twoSteps = async () => {
    const task = await make();
    const path = `/api/tasks/${task.id}`;
    await call('PATCH', path, { body: { title: 'theirs' }, by: cast.manager });
    return path;
  };

  it('lets fields through that nobody changed since', async () => {
    const path = await twoSteps();
    const answer = await call('PATCH', path, { body: { priority: 'high' }, headers: stale });
    expect([answer.status, answer.headers['preference-applied']]).toEqual([200, 'merge']);
    expect(answer.body).toMatchObject({ title: 'theirs', priority: 'high', version: 3 });
  });

  it('refuses overlapping fields, and says what changed', async () => {
    const path = await twoSteps();
    const body = { title: 'mine', priority: 'high' };
    const answer = await call('PATCH', path, { body, headers: stale });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    expect(answer.body).toMatchObject({
      version: 2,
      changedFields: ['title'],
      changes: [{ version: 2, fields: ['title'], by: cast.manager.user.id }],
    });
    expect((await call('GET', path)).body).toMatchObject({ title: 'theirs', priority: 'none', version: 2 });
  });

  it('does not help with a version that never was, nor with other methods', async () => {
    const path = await twoSteps();
    for (const version of ['"0"', '"9"', 'W/"1"']) {
      const headers = { 'if-match': version, prefer: 'merge' };
      const answer = await call('PATCH', path, { body: { priority: 'high' }, headers });
      expect(refusal(answer)).toEqual([412, 'resource.changed']);
    }
    expect(refusal(await call('DELETE', path, { headers: stale }))).toEqual([412, 'resource.changed']);
  });
});

describe('PUT', () => {
  it('takes the version in the body for If-Match, before it looks whether the project is open', async () => {
    const { id } = await makeProject(api, cast);
    const path = `/api/projects/${String(id)}`;
    await call('PATCH', path, { body: { status: 'archived' }, by: cast.owner });
    const { body } = await call('GET', path, { by: cast.owner });
    const answer = await call('PUT', path, { body: { ...body, version: 1 }, by: cast.owner });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    const missing = await call('PUT', path, { body: { version: 1 }, by: cast.owner });
    expect(pointersOf(missing)).toEqual(['/body/description', '/body/key', '/body/name', '/body/status']);
  });
});

describe('an action without a body', () => {
  it('takes an empty object for none', async () => {
    const task = await make();
    await call('DELETE', `/api/tasks/${task.id}`);
    expect((await call('POST', `/api/tasks/${task.id}/restore`, { body: {} })).status).toBe(200);
    const answer = await call('POST', `/api/tasks/${task.id}/restore`, { body: { a: 1 } });
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
  });
});
