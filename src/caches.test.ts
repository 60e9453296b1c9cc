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

beforeAll(async () => {
  const uri = new URL(inject('databaseUri'));
  proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
  uri.host = `127.0.0.1:${String(proxy.port)}`;
  uri.searchParams.set('directConnection', 'true');
  api = await startApp({}, { uri: uri.toString() });
  elsewhere = await api.second();
  cast = await makeCast(api);
  await followed();
});
afterAll(async () => {
  await api.close();
  await proxy.close();
});

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

describe('another process', () => {
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
