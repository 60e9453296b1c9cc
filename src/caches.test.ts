import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../test/app.ts';
import { makeCast, makeProject, type Cast } from '../test/scene.ts';
import { tcpProxy, type TcpProxy } from '../test/tcp-proxy.ts';

let proxy: TcpProxy;
let api: TestApp;
let elsewhere: TestApp;
let cast: Cast;
let admin: Person;

beforeAll(async () => {
  const uri = new URL(inject('databaseUri'));
  proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
  uri.host = `127.0.0.1:${String(proxy.port)}`;
  uri.searchParams.set('directConnection', 'true');
  api = await startApp({}, { uri: uri.toString() });
  elsewhere = await api.second();
  cast = await makeCast(api);
  admin = await api.register('Ada Admin');
  await setRoles(admin, ['admin']);
  for (const app of [api, elsewhere]) app.instance.deps.caches.sessions.clear();
  await followed();
});
afterAll(async () => {
  await api.close();
  await proxy.close();
});

const setRoles = ({ user }: Person, roles: string[]) =>
  mongoose.connection
    .collection('users')
    .updateOne({ _id: new mongoose.Types.ObjectId(user.id) }, { $set: { roles } });

/** Waits until both instances have their change streams open. */
const followed = () => sleep(1_000);

/** The commands about rights that the driver sends while `act` runs, by collection. */
async function questionsDuring(act: () => Promise<void>): Promise<Record<string, number>> {
  const client = mongoose.connection.getClient();
  const counts: Record<string, number> = {};
  const listen = ({ commandName, command }: mongoose.mongo.CommandStartedEvent): void => {
    const about: unknown = command[commandName];
    if (typeof about === 'string' && ['sessions', 'users', 'credentials', 'projects'].includes(about))
      counts[about] = (counts[about] ?? 0) + 1;
  };
  client.on('commandStarted', listen);
  await act();
  client.off('commandStarted', listen);
  return counts;
}

/**
 * The questions of the first stretch without any, or of the last of five: on a machine that is busy with other
 * things the log may be heard of late, and then rights are asked for again, as they should be.
 */
async function quietStretch(act: () => Promise<void>): Promise<Record<string, number>> {
  await act();
  for (let attempt = 1; ; attempt += 1) {
    const questions = await questionsDuring(act);
    if (Object.keys(questions).length === 0 || attempt === 5) return questions;
  }
}

describe('a warm read', () => {
  it('asks the database nothing about who asks and what they may, for longer than a second', async () => {
    const project = await makeProject(api, cast);
    const { token } = cast.member;
    const body = { projectId: project.id, title: 'Warm' };
    const { id } = (await api.request('POST', '/api/tasks', { token, body })).body;
    const read = async (): Promise<void> => {
      for (const path of [`/api/tasks/${String(id)}`, `/api/tasks?projectId=${String(project.id)}`])
        expect((await api.request('GET', path, { token })).status).toBe(200);
    };
    await sleep(300);
    expect(
      await quietStretch(async () => {
        for (let count = 0; count < 12; count += 1) {
          await read();
          await sleep(200);
        }
      }),
    ).toEqual({});
  });
});

describe('what is taken away is gone at the next request here and within a second elsewhere', () => {
  interface Taken {
    path: string;
    person: Person;
    projectId: string;
  }
  const asOwner = () => ({ token: cast.owner.token });
  const acts: [string, number, (taken: Taken) => Promise<unknown>, ('GET' | 'PATCH')?][] = [
    ['logout', 401, ({ person: { token } }) => api.request('POST', '/api/auth/logout', { token })],
    ['logout-all', 401, ({ person: { token } }) => api.request('POST', '/api/auth/logout-all', { token })],
    [
      'a password change in another session',
      401,
      async ({ person: { email, password } }) => {
        const { token } = (await api.request('POST', '/api/auth/login', { body: { email, password } })).body;
        const body = { currentPassword: password, newPassword: 'eight purple kettles' };
        return api.request('POST', '/api/auth/password', { token, body });
      },
    ],
    [
      'a disabled account',
      401,
      ({ person: { user } }) =>
        api.request('PATCH', `/api/users/${user.id}`, { token: admin.token, body: { disabled: true } }),
    ],
    [
      'a deleted account',
      401,
      ({ person: { token, password } }) =>
        api.request('DELETE', '/api/users/me', { token, body: { currentPassword: password } }),
    ],
    [
      'a removed member',
      404,
      ({ projectId, person: { user } }) =>
        api.request('DELETE', `/api/projects/${projectId}/members/${user.id}`, asOwner()),
    ],
    [
      'a lowered role',
      403,
      ({ projectId, person: { user } }) =>
        api.request('PATCH', `/api/projects/${projectId}/members/${user.id}`, {
          ...asOwner(),
          body: { role: 'viewer' },
        }),
      'PATCH',
    ],
    [
      'a deleted project',
      404,
      ({ projectId }) => api.request('DELETE', `/api/projects/${projectId}`, asOwner()),
    ],
  ];

  it.each(acts)('%s', async (_name, refused, act, method = 'GET') => {
    const person = await api.register();
    const project = await makeProject(api, cast);
    const member = { userId: person.user.id, role: 'member' };
    const { token } = cast.owner;
    await api.request('POST', `/api/projects/${String(project.id)}/members`, { token, body: member });
    const body = { projectId: project.id, title: 'Taken' };
    const { id } = (await api.request('POST', '/api/tasks', { token, body })).body;
    const path = `/api/tasks/${String(id)}`;
    const use = async (app: TestApp) =>
      (
        await app.request(method, path, {
          token: person.token,
          ...(method === 'PATCH' && { body: { title: `At ${String(performance.now())}` } }),
        })
      ).status;
    // Warm for longer than unfollowed entries live.
    for (let count = 0; count < 3; count += 1) {
      expect([await use(api), await use(elsewhere)]).toEqual([200, 200]);
      await sleep(450);
    }
    const answer = (await act({ path, person, projectId: project.id })) as { status: number };
    expect(answer.status).toBeLessThan(300);
    expect(await use(api)).toBe(refused);
    const deadline = performance.now() + 1_000;
    let status = await use(elsewhere);
    while (status !== refused && performance.now() < deadline) {
      await sleep(10);
      status = await use(elsewhere);
    }
    expect(status).toBe(refused);
  });

  it('gives back what is given back: a restored project, a new role, an added member', async () => {
    const project = await makeProject(api, cast);
    const path = `/api/projects/${String(project.id)}`;
    const { token } = cast.owner;
    const lists = async (person: Person) => {
      const { body } = await elsewhere.request('GET', '/api/tasks', {
        token: person.token,
        query: { limit: '200' },
      });
      return (body.items as { projectId: string }[]).some(({ projectId }) => projectId === project.id);
    };
    await api.request('POST', '/api/tasks', { token, body: { projectId: project.id, title: 'Here' } });
    expect([await lists(cast.viewer), await lists(cast.stranger)]).toEqual([true, false]);
    await api.request('DELETE', path, { token });
    await sleep(400);
    expect(await lists(cast.viewer)).toBe(false);
    await api.request('POST', `${path}/restore`, { token });
    const body = { userId: cast.stranger.user.id, role: 'viewer' };
    await api.request('POST', `${path}/members`, { token, body });
    await sleep(400);
    expect([await lists(cast.viewer), await lists(cast.stranger)]).toEqual([true, true]);
  });
});

describe('while the log cannot be followed', () => {
  it('nothing is believed for longer than a second, and everything is asked again afterwards', async () => {
    const { token } = cast.viewer;
    const read = async () => (await api.request('GET', '/api/tasks', { token })).status;
    expect(await read()).toBe(200);
    await proxy.die();
    await sleep(1_200);
    expect(await read()).toBe(503);
    await proxy.revive();
    for (const deadline = Date.now() + 15_000; (await read()) !== 200 && Date.now() < deadline;)
      await sleep(100);
    await sleep(1_000);
    expect(
      await quietStretch(async () => {
        await sleep(1_500);
        expect(await read()).toBe(200);
      }),
    ).toEqual({});
    expect(api.logLines.join('\n')).not.toContain('unhandled');
  });
});
