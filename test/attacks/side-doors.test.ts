import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { forgetAll } from '../../src/caches.ts';
import type { Answer, TestApp } from '../app.ts';
import { watchCanaries } from './canaries.ts';
import { reportProof } from './report.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
const totals: Record<string, number> = { paths: 0, methods: 0, cursors: 0, queries: 0 };

beforeAll(async () => {
  world = await buildWorld();
});
beforeEach(() => world.restore());
afterAll(() => world.close());

const get = (path: string, token?: string) => world.request('GET', path, { token });

/** The projects of the tasks in a list; none when the list was refused. */
function projectsIn({ body }: Answer): string[] {
  const { items = [] } = body as { items?: { projectId: string }[] };
  return items.map(({ projectId }) => projectId);
}

describe('side doors around the routes', () => {
  it('no other spelling of a path leads to an endpoint', async () => {
    const { token } = world.people.owner;
    const spellings = [
      '/API/tasks',
      '/api/Tasks',
      '/api/tasks/',
      '/api//tasks',
      '//api/tasks',
      '/api/./tasks',
      '/api/x/../tasks',
      '/api/tasks%2f',
      '/api/%74asks',
      '/api/tasks;x=1',
      '/api/tasks%00',
      '/api/tasks%20',
      '/api/tasks.json',
      '/api/users/me/',
      '/api\\tasks',
      '/tasks',
      '/api/api/tasks',
      '/api/%ff',
      '/api/tasks/%zz',
      `/api/projects/${world.live.id}/`,
      `/api/projects/${world.live.id.toUpperCase()}`,
      `/api/projects/${world.live.id}%00`,
      `/api/projects/${world.live.id}%2fmembers`,
    ];
    for (const path of spellings) {
      totals['paths'] = (totals['paths'] ?? 0) + 2;
      expect([path, (await get(path, token)).status]).toEqual([path, 404]);
      expect([path, [401, 404].includes((await get(path)).status)]).toEqual([path, true]);
    }
  });

  it('no other method reaches a handler, nor does a header or parameter that names one', async () => {
    const { owner, viewer } = world.people;
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'LINK', 'SEARCH', 'PUT', 'DELETE']) {
      totals['methods'] = (totals['methods'] ?? 0) + 1;
      const answer = await world.request(method, '/api/tasks', { token: owner.token });
      expect([method, answer.status, answer.headers.allow]).toEqual([method, 405, 'GET, HEAD, POST']);
    }
    expect((await world.request('HEAD', '/api/tasks')).status).toBe(401);
    const path = `/api/projects/${world.live.id}`;
    const foreign = await world.request('HEAD', path, { token: world.people.outsider.token });
    expect(foreign.status).toBe(404);
    for (const name of ['x-http-method-override', 'x-method-override', 'x-http-method']) {
      const headers = { [name]: 'DELETE' };
      const answer = await world.request('GET', path, { token: owner.token, headers });
      expect([name, answer.status]).toEqual([name, 200]);
    }
    expect((await get(`${path}?_method=DELETE`, owner.token)).status).toBe(400);
    expect((await get(path, viewer.token)).status).toBe(200);
    expect(await world.isUntouched()).toBe(true);
  });

  it('a parameter counts once and only by its plain name', async () => {
    const { owner } = world.people;
    const { live, other } = world;
    const queries = [
      `projectId=${live.id}&projectId=${other.id}`,
      `projectId=${other.id}&projectId=${live.id}`,
      `projectId[]=${other.id}`,
      `projectId[0]=${live.id}`,
      `projectId[$ne]=${live.id}`,
      `projectId.$ne=${live.id}`,
      `ProjectId=${live.id}`,
      `projectid=${live.id}`,
      `projectId%00=${live.id}`,
      `__proto__=1`,
      `__proto__[limit]=1`,
      `constructor[prototype][limit]=1`,
      `sort=rank&sort=number`,
      `limit=5&limit=6`,
      `limit=Infinity`,
      `limit=-1`,
      `limit=201`,
      `cursor=`,
      `deleted=TRUE`,
      `deleted=1`,
      `q=${'x'.repeat(201)}`,
      `a=${'x'.repeat(12_000)}`,
      Array.from({ length: 1_200 }, (_, index) => `status=s${String(index)}`).join('&'),
    ];
    for (const query of queries) {
      totals['queries'] = (totals['queries'] ?? 0) + 1;
      const answer = await get(`/api/tasks?${query}`, owner.token);
      expect([query.slice(0, 80), answer.status]).toEqual([query.slice(0, 80), 400]);
    }
  });

  it('a refusal is never much longer than what was refused', async () => {
    const { token } = world.people.owner;
    const names = Array.from({ length: 9_000 }, (_, index) => [`k${index.toString(36)}`, 1]);
    const bodies: [string, unknown][] = [
      ['/api/tasks', Object.fromEntries(names)],
      ['/api/projects', { name: 'x', collaboratorIds: Array<number>(30_000).fill(1) }],
    ];
    for (const [path, body] of bodies) {
      const answer = await world.request('POST', path, { token, body });
      expect(answer.status).toBe(400);
      expect(answer.body.errors.length).toBeLessThanOrEqual(100);
      expect(answer.text.length).toBeLessThan(20_000);
    }
    const query = Array.from({ length: 900 }, (_, index) => `a${String(index)}=1`).join('&');
    expect((await get(`/api/tasks?${query}`, token)).body.errors.length).toBeLessThanOrEqual(100);
  });

  it('headers of the client reach no header, address or link of the answer', async () => {
    const { token } = world.people.owner;
    for (const id of ['a b', 'x'.repeat(129), '<script>', 'é', '{"a":1}', '%0d%0aX-Injected:1']) {
      const { headers } = await world.request('GET', '/api/users/me', {
        token,
        headers: { 'x-request-id': id },
      });
      expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
    }
    const headers = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-for': '203.0.113.66',
      forwarded: 'for=203.0.113.66;host=evil.example',
      'x-original-url': '/api/users',
      'x-rewrite-url': '/api/users',
      origin: 'https://evil.example',
    };
    const body = { name: 'Linked' };
    for (const [method, path] of [
      ['POST', '/api/projects'],
      ['GET', '/api/'],
      ['GET', '/api/openapi.json'],
      ['GET', '/api/docs'],
      ['GET', '/problems/auth.required'],
      ['GET', '/api/auth/sessions'],
    ] as const) {
      const sending = { token, headers, body: method === 'POST' ? body : undefined };
      const answer = await world.request(method, path, sending);
      expect([path, answer.status < 300]).toEqual([path, true]);
      expect(`${answer.text}${JSON.stringify(answer.headers)}`).not.toMatch(/evil\.example|203\.0\.113\.66/);
    }
  });
});

describe('forged cursors', () => {
  const forge = (cursor: object): string => Buffer.from(JSON.stringify(cursor)).toString('base64url');
  const sorts = ['rank', 'createdAt', 'updatedAt', 'dueDate', '-dueDate', 'priority', '-number'];
  const values = [
    'abc',
    '',
    5,
    -1,
    1.5,
    1e308,
    null,
    true,
    [],
    { t: 0 },
    { t: 1e300 },
    { t: 1.5 },
    { $gt: '' },
  ];
  const more = ['\ud800', 'x\0y', '$where', '\uffff'.repeat(400)];

  it.each(sorts)('sorted by %s they show nothing foreign and break nothing', async (sort) => {
    const { owner } = world.people;
    for (const filter of ['', '&priority=none', '&q=text', '&overdue=false']) {
      const page = await get(`/api/tasks?limit=1&sort=${sort}${filter}`, owner.token);
      const good: object = JSON.parse(Buffer.from(page.body.nextCursor, 'base64url').toString());
      const forged = [
        ...[...values, ...more].map((v) => ({ ...good, v })),
        ...[world.other.task.id, world.other.id, 'x', { $ne: null }, null].map((i) => ({ ...good, i })),
        { ...good, projectId: world.other.id },
        { ...good, b: createHash('sha256').update('x').digest('base64url').slice(0, 16) },
        [],
        {},
      ];
      for (const one of forged) {
        totals['cursors'] = (totals['cursors'] ?? 0) + 1;
        const path = `/api/tasks?limit=1&sort=${sort}${filter}&cursor=${forge(one)}`;
        const answer = await get(path, owner.token);
        // The canary watch looks for foreign text.
        expect([JSON.stringify(one), [200, 400].includes(answer.status)]).toEqual([
          JSON.stringify(one),
          true,
        ]);
      }
    }
  });

  it('a cursor of one person or project opens nothing to another', async () => {
    const { owner, foreignOwner } = world.people;
    const foreign = await get('/api/tasks?limit=1', foreignOwner.token);
    const answer = await get(`/api/tasks?limit=50&cursor=${String(foreign.body.nextCursor)}`, owner.token);
    expect(projectsIn(answer)).not.toContain(world.other.id);
    const members = await get(`/api/projects/${world.live.id}/members?limit=1`, owner.token);
    const cursor = String(members.body.nextCursor);
    const path = `/api/projects/${world.archived.id}/members?cursor=${cursor}`;
    expect((await get(path, owner.token)).status).toBe(400);
    expect((await get(`/api/projects/${world.other.id}/members?cursor=${cursor}`, owner.token)).status).toBe(
      404,
    );
  });
});

describe('climbing roles', () => {
  const send = async (by: 'owner' | 'manager' | 'member', method: string, path: string, body?: unknown) =>
    (
      await world.request(method, `/api/projects/${world.live.id}${path}`, {
        token: world.people[by].token,
        body,
      })
    ).status;

  it('nobody makes an owner but by a transfer, and nobody takes the owner down', async () => {
    const { owner, manager, stranger } = world.people;
    for (const by of ['owner', 'manager'] as const) {
      const path = `/members/${manager.user.id}`;
      for (const role of ['owner', 'OWNER', 'admin', ['owner'], { $set: 'owner' }, null, ''])
        expect(await send(by, 'PATCH', path, { role })).toBe(400);
      expect(await send(by, 'POST', '/members', { userId: stranger.user.id, role: 'owner' })).toBe(400);
      for (const role of ['manager', 'member', 'viewer'])
        expect(await send(by, 'PATCH', `/members/${owner.user.id}`, { role })).toBe(409);
      expect(await send(by, 'DELETE', `/members/${owner.user.id}`)).toBe(409);
      const same = await send(by, 'POST', '/members', { userId: owner.user.id, role: 'viewer' });
      expect(same).toBe(409);
    }
    expect(await send('manager', 'POST', '/transfer', { userId: manager.user.id })).toBe(403);
    expect(await send('member', 'POST', '/members', { userId: stranger.user.id })).toBe(403);
    expect(
      await send('member', 'PATCH', `/members/${world.people.member.user.id}`, { role: 'manager' }),
    ).toBe(403);
    expect(await world.isUntouched()).toBe(true);
  });

  it('who adds people learns about an address only with the right to add', async () => {
    const { stranger } = world.people;
    const unknown = { email: 'nobody.at.all@example.com' };
    expect(await send('member', 'POST', '/members', { email: stranger.email })).toBe(403);
    expect(await send('member', 'POST', '/members', unknown)).toBe(403);
    expect(await send('manager', 'POST', '/members', unknown)).toBe(422);
    const gone = { email: `deleted:${world.people.goneUser.user.id}` };
    expect(await send('manager', 'POST', '/members', gone)).toBe(422);
    expect(await send('manager', 'POST', '/members', { email: world.people.goneUser.email })).toBe(422);
  });

  it('the old owner after a transfer is a manager and no more', async () => {
    const { owner, manager } = world.people;
    expect(await send('owner', 'POST', '/transfer', { userId: manager.user.id })).toBe(200);
    expect(await send('owner', 'DELETE', '')).toBe(403);
    expect(await send('owner', 'POST', '/transfer', { userId: owner.user.id })).toBe(403);
    expect(await send('owner', 'PATCH', `/members/${manager.user.id}`, { role: 'viewer' })).toBe(409);
    expect(await send('manager', 'DELETE', `/members/${owner.user.id}`)).toBe(204);
    expect(await send('owner', 'GET', '')).toBe(404);
  });

  it('of two transfers at once one counts, and there is always one owner', async () => {
    const { owner, manager, member } = world.people;
    const path = `/api/projects/${world.live.id}/transfer`;
    const answers = await Promise.all(
      [manager, member, manager, member].map(({ user }) =>
        world.request('POST', path, { token: owner.token, body: { userId: user.id } }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 403, 403, 403]);
    const { body } = await get(`/api/projects/${world.live.id}/members`, owner.token);
    const roles = (body.items as { role: string }[]).map(({ role }) => role); // A page of members.
    expect(roles.filter((role) => role === 'owner')).toHaveLength(1);
  });

  it('an author who was lowered to viewer loses the right over their own tasks', async () => {
    const { member } = world.people;
    const { taskId } = world.aim('mine', 'member');
    expect(await send('manager', 'PATCH', `/members/${member.user.id}`, { role: 'viewer' })).toBe(200);
    for (const [method, path] of [
      ['DELETE', `/api/tasks/${taskId}`],
      ['POST', `/api/tasks/${taskId}/restore`],
    ] as const)
      expect((await world.request(method, path, { token: member.token })).status).toBe(403);
  });

  it('an administrator is no member of other people’s projects', async () => {
    const { token } = world.people.admin;
    expect((await get('/api/tasks', token)).body.items).toEqual([]);
    expect((await get('/api/projects', token)).body.items).toEqual([]);
    expect((await get('/api/projects?deleted=true', token)).body.items).toEqual([]);
  });

  it('members and viewers do not see the trash of projects, and nobody a foreign one', async () => {
    const trash = async (token: string): Promise<number> =>
      (await get('/api/projects?deleted=true', token)).body.items.length;
    const { owner, manager, member, viewer, outsider, exMember } = world.people;
    expect(await Promise.all([owner, manager].map(({ token }) => trash(token)))).toEqual([1, 1]);
    const others = [member, viewer, outsider, exMember];
    expect(await Promise.all(others.map(({ token }) => trash(token)))).toEqual([0, 0, 0, 0]);
  });
});

describe('what was taken away is gone at once here and within a second elsewhere', () => {
  let elsewhere: TestApp;
  beforeAll(async () => {
    elsewhere = await world.app.second();
  });

  const there = async (path: string, token: string) =>
    (await elsewhere.request('GET', path, { token })).status;
  const rename = async (app: TestApp, token: string) => {
    const sending = { token, body: { title: 'Still me' } };
    return (await app.request('PATCH', `/api/tasks/${world.live.task.id}`, sending)).status;
  };
  const acts: [string, (token: string) => Promise<unknown>, number][] = [
    ['a removed member', (token) => remove(token), 404],
    ['a role that was lowered', (token) => lower(token), 403],
    ['an ended session', () => logout(), 401],
    ['a disabled account', () => disable(), 401],
    ['a deleted project', (token) => world.request('DELETE', project(), { token }), 404],
    ['an archived project', (token) => archive(token), 409],
  ];
  const project = (): string => `/api/projects/${world.live.id}`;
  const membership = (): string => `${project()}/members/${world.people.member.user.id}`;
  const remove = (token: string) => world.request('DELETE', membership(), { token });
  const lower = (token: string) => world.request('PATCH', membership(), { token, body: { role: 'viewer' } });
  const archive = (token: string) =>
    world.request('PATCH', project(), { token, body: { status: 'archived' } });
  const logout = () => world.request('POST', '/api/auth/logout', { token: world.people.member.token });
  const disable = () =>
    world.request('PATCH', `/api/users/${world.people.member.user.id}`, {
      token: world.people.admin.token,
      body: { disabled: true },
    });

  it.each(acts)('%s', async (_name, act, refused) => {
    const { owner, member } = world.people;
    // What the other instance remembers of the test before is forgotten, and both are warm.
    forgetAll(elsewhere.instance.deps.caches);
    expect(await rename(world.app, member.token)).toBe(200);
    expect(await there(`/api/tasks/${world.live.task.id}`, member.token)).toBe(200);
    expect(await rename(elsewhere, member.token)).toBe(200);
    await act(owner.token);
    expect(await rename(world.app, member.token)).toBe(refused);
    await sleep(1_000);
    expect(await rename(elsewhere, member.token)).toBe(refused);
    if (refused !== 404) return;
    expect(await there('/api/tasks', member.token)).toBe(200);
    const list = await elsewhere.request('GET', '/api/tasks', { token: member.token });
    expect(projectsIn(list)).not.toContain(world.live.id);
  });
});

describe('after all of this', () => {
  it('the canary watch would have seen a secret, foreign text and a token in the log', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJlMTIz';
    const leaky = { headers: {}, status: 200, body: null, text: 'song of the canary, seed of the finch' };
    const app = { ...world.app, request: () => Promise.resolve(leaky), logLines: [`with ${token}`] };
    const watch = watchCanaries(app);
    watch.secret('of the canary');
    watch.foreign('of the finch', 'finch token');
    await watch.request('GET', '/leak');
    await watch.request('GET', '/leak', { token: 'finch token' });
    expect((await watch.report()).leaks).toHaveLength(4);
  });

  it('no answer and no log line held a secret or foreign text', async () => {
    const { leaks, answers, logLines } = await world.canaries();
    expect(leaks).toEqual([]);
    reportProof({
      id: 'Side doors',
      what: 'Other spellings of paths, methods and parameters, forged cursors, climbing roles, stale caches on two instances',
      counts: totals,
    });
    reportProof({
      id: 'S03 in side doors',
      what: 'No secret and no foreign text in any answer or log line of the side doors',
      counts: { answers, 'log lines': logLines, leaks: leaks.length },
    });
  });
});
