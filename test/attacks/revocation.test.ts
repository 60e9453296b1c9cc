import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel } from '../../src/events/index.ts';
import { startApp, type Answer, type Person, type TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import { addTo, makeAdmin, makeCast, makeProject, type Cast } from '../scene.ts';
import { openStream, type OpenStream } from '../streams.ts';
import { reportProof } from './report.ts';

/** What has a right, until an act takes it away. */
interface Holder {
  person: Person;
  projectId: string;
}

/** What becomes of the streams of somebody whose right is taken away. */
type StreamFate = 'closed' | 'told' | 'goes on';

interface Act {
  what: string;
  /** What the next request gets. */
  status: 401 | 403 | 404;
  stream: StreamFate;
  run(holder: Holder): Promise<Answer>;
  method?: 'PATCH';
}

const withinMs = 1_000;
let api: TestApp;
let elsewhere: TestApp;
let cast: Cast;
let admin: Person;
const slowest = { 'ms until another process refuses': 0, 'ms until a stream knows': 0 };
const judged: string[] = [];

beforeAll(async () => {
  api = await startApp({ STREAMS_PER_USER: '20' });
  elsewhere = await api.second();
  cast = await makeCast(api);
  admin = await makeAdmin(api, elsewhere);
  // Both processes follow the log from here on.
  await sleep(1_000);
});
afterAll(() => api.close());

const owned = (holder: Holder, path: string) => `/api/projects/${holder.projectId}${path}`;
const asOwner = () => ({ token: cast.owner.token });

const acts: Act[] = [
  {
    what: 'logout',
    status: 401,
    stream: 'closed',
    run: ({ person: { token } }) => api.request('POST', '/api/auth/logout', { token }),
  },
  {
    what: 'logout of all sessions',
    status: 401,
    stream: 'closed',
    run: ({ person: { token } }) => api.request('POST', '/api/auth/logout-all', { token }),
  },
  {
    what: 'a password change in another session',
    status: 401,
    stream: 'closed',
    run: async ({ person: { email, password } }) => {
      const { token } = (await api.request('POST', '/api/auth/login', { body: { email, password } })).body;
      const body = { currentPassword: password, newPassword: 'eight purple kettles' };
      return api.request('POST', '/api/auth/password', { token, body });
    },
  },
  {
    what: 'a disabled account',
    status: 401,
    stream: 'closed',
    run: ({ person: { user } }) =>
      api.request('PATCH', `/api/users/${user.id}`, { token: admin.token, body: { disabled: true } }),
  },
  {
    what: 'a deleted account',
    status: 401,
    stream: 'closed',
    run: ({ person: { token, password } }) =>
      api.request('DELETE', '/api/users/me', { token, body: { currentPassword: password } }),
  },
  {
    what: 'a removed member',
    status: 404,
    stream: 'told',
    run: (holder) => api.request('DELETE', owned(holder, `/members/${holder.person.user.id}`), asOwner()),
  },
  {
    what: 'a lowered role',
    status: 403,
    stream: 'goes on',
    method: 'PATCH',
    run: (holder) =>
      api.request('PATCH', owned(holder, `/members/${holder.person.user.id}`), {
        ...asOwner(),
        body: { role: 'viewer' },
      }),
  },
  {
    what: 'a deleted project',
    status: 404,
    stream: 'told',
    run: (holder) => api.request('DELETE', owned(holder, ''), asOwner()),
  },
];

async function addTask(projectId: string, title: string): Promise<Answer> {
  const answer = await api.request('POST', '/api/tasks', { ...asOwner(), body: { projectId, title } });
  expect(answer.status).toBe(201);
  return answer;
}

const titles = ({ frames }: OpenStream): unknown[] => frames.map(({ data }) => data.data?.title ?? data.name);

/** Milliseconds until the condition holds. Throws when that takes longer than a second. */
async function timeUntil(condition: () => boolean | Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > withinMs) throw new Error('it took longer than a second');
    await sleep(5);
  }
  return performance.now() - startedAt;
}

/** Holds a stream against its fate: closed; told and then silent about the project; or as before. */
function expectFate(stream: OpenStream, fate: StreamFate): void {
  expect(stream.isClosed()).toBe(fate === 'closed');
  const seen = titles(stream).filter((title) => !String(title).startsWith('Still'));
  if (fate === 'closed') expect(seen).toEqual(['Before']);
  if (fate === 'told') expect(seen).toEqual(['Before', 'access.revoked', 'project.created', 'Own task']);
  if (fate === 'goes on') {
    expect(seen).toEqual(['Before', 'member.role_changed', 'After', 'project.created', 'Own task']);
  }
}

describe('S10: what is taken away is gone at the next request here and within a second elsewhere', () => {
  it.each(acts)('$what', async ({ what, status, stream: fate, method = 'GET', run }) => {
    const person = await api.register();
    const project = await makeProject(api, cast);
    const holder = { person, projectId: String(project.id) };
    await addTo(api, cast, holder.projectId, person, 'member');
    const path = `/api/tasks/${String((await addTask(holder.projectId, 'Taken')).body.id)}`;
    const use = async (app: TestApp): Promise<number> => {
      const body = { title: `Still ${String(performance.now())}` };
      return (await app.request(method, path, { token: person.token, ...(method === 'PATCH' && { body }) }))
        .status;
    };
    // Warm for longer than unfollowed entries live.
    for (let count = 0; count < 3; count += 1) {
      expect([await use(api), await use(elsewhere)]).toEqual([200, 200]);
      await sleep(450);
    }
    await eventually(async () => {
      expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
    });
    const streams = await Promise.all([api, elsewhere].map((app) => openStream(app, person)));
    await addTask(holder.projectId, 'Before');
    for (const stream of streams) await stream.until(() => titles(stream).includes('Before'));

    const { status: answered } = await run(holder);
    expect(answered).toBeLessThan(300);
    const here = use(api);
    const knowing = timeUntil(() =>
      streams.every((stream) => (fate === 'closed' ? stream.isClosed() : stream.frames.length > 1)),
    );
    const refusing = timeUntil(async () => (await use(elsewhere)) === status);
    expect(await here).toBe(status);
    const ms = [await refusing, await knowing].map(Math.ceil) as [number, number];

    if (what !== 'a deleted project') await addTask(holder.projectId, 'After');
    if (fate !== 'closed') {
      // What comes to them later shows that nothing before it is still on its way.
      const { token } = person;
      const own = await api.request('POST', '/api/projects', { token, body: { name: 'Own' } });
      await api.request('POST', '/api/tasks', { token, body: { projectId: own.body.id, title: 'Own task' } });
      for (const stream of streams) await stream.until(() => titles(stream).includes('Own task'));
    }
    for (const stream of streams) {
      expectFate(stream, fate);
      stream.close();
    }
    if (fate === 'closed') {
      for (const app of [api, elsewhere]) expect((await openStream(app, person)).status).toBe(401);
    }
    slowest['ms until another process refuses'] = Math.max(
      slowest['ms until another process refuses'],
      ms[0],
    );
    slowest['ms until a stream knows'] = Math.max(slowest['ms until a stream knows'], ms[1]);
    judged.push(what);
  });

  it('is proved for every act', () => {
    expect(judged).toEqual(acts.map(({ what }) => what));
    reportProof({
      id: 'S10',
      what: 'A right taken away: the next request is refused, another process refuses and both processes’ streams know within a second',
      counts: { acts: judged.length, ...slowest },
    });
  });
});
