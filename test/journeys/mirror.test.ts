import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMirror } from '../../examples/mirror.ts';
import { startApp, type TestApp } from '../app.ts';
import { makeCast, makeProject, type Cast } from '../scene.ts';

let api: TestApp;
let elsewhere: TestApp;
let cast: Cast;

beforeAll(async () => {
  api = await startApp();
  elsewhere = await api.second();
  cast = await makeCast(api);
});
afterAll(() => api.close());

interface Known {
  id: string;
  version: number;
  title: string;
}

describe('the example of a mirror', () => {
  it('has what the API has after writers, cut connections and a stay in the trash', async () => {
    const project = await makeProject(api, cast);
    const projectId = String(project.id);
    const { token } = cast.viewer;
    const add = (title: string) =>
      api.request('POST', '/api/tasks', { token: cast.member.token, body: { projectId, title } });
    for (let count = 0; count < 5; count += 1) await add(`Before ${String(count)}`);
    const mirror = await openMirror({ api: `${elsewhere.url}/api`, token, projectId });
    expect(mirror.tasks.size).toBe(5);
    const stopping = new AbortController();
    const following = mirror.follow(stopping.signal);

    const write = async (number: number): Promise<void> => {
      const { id } = (await add(`Task ${String(number)}`)).body;
      const own = { token: cast.member.token };
      const title = `Renamed ${String(number)}`;
      await api.request('PATCH', `/api/tasks/${String(id)}`, { ...own, body: { title } });
      if (number % 3 === 0) await api.request('DELETE', `/api/tasks/${String(id)}`, own);
      if (number % 6 === 0) await api.request('POST', `/api/tasks/${String(id)}/restore`, own);
    };
    const writers = [0, 1, 2].map(async (writer) => {
      for (let round = 0; round < 8; round += 1) await write(writer * 8 + round);
    });
    const cutting = (async () => {
      for (let cut = 0; cut < 3; cut += 1) {
        await sleep(150);
        // The mirror is the only one there.
        elsewhere.instance.server.closeAllConnections();
      }
    })();
    await Promise.all([...writers, cutting]);
    const owner = { token: cast.owner.token };
    await api.request('PATCH', `/api/projects/${projectId}`, { ...owner, body: { name: 'Mirrored' } });

    const theirs = async (): Promise<Known[]> =>
      (
        await api.request('GET', '/api/tasks', {
          token,
          query: { projectId, limit: '200', sort: 'number' },
        })
      ).body.items;
    const byId = (tasks: Iterable<unknown>) =>
      // Both are tasks of the API.
      ([...tasks] as Known[]).sort((a, b) => (a.id < b.id ? -1 : 1));
    await expect.poll(() => byId(mirror.tasks.values()), { timeout: 15_000 }).toEqual(byId(await theirs()));
    await expect.poll(() => mirror.project, { timeout: 5_000 }).toMatchObject({ name: 'Mirrored' });

    await api.request('DELETE', `/api/projects/${projectId}`, owner);
    await expect.poll(() => [mirror.project, mirror.tasks.size], { timeout: 5_000 }).toEqual([null, 0]);
    await api.request('POST', `/api/projects/${projectId}/restore`, owner);
    await expect.poll(() => byId(mirror.tasks.values()), { timeout: 15_000 }).toEqual(byId(await theirs()));
    stopping.abort();
    await following;
  });
});
