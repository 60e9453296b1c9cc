import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startApp, type Person, type TestApp } from '../../test/app.ts';
import { eventually } from '../../test/eventually.ts';
import {
  freePort,
  startProcess,
  temporaryFolder,
  untilReady,
  type ServerProcess,
} from '../../test/faults/server-process.ts';
import { LeaseModel } from '../db/lease.ts';
import { TaskModel } from '../features/tasks/task.model.ts';
import { EventModel } from './event.model.ts';
import { FollowerModel, ParkedEventModel } from './follower.model.ts';

// Real processes take their time to start where the machine is busy.
vi.setConfig({ testTimeout: 90_000 });

const cycles = 5;
const root = resolve(import.meta.dirname, '../..');
let api: TestApp;
let owner: Person;
let projectId: string;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: Record<string, string>;
const processes: ServerProcess[] = [];

beforeAll(async () => {
  api = await startApp({ ROLES: 'web' });
  folder = await temporaryFolder();
  const uri = new URL(inject('databaseUri'));
  uri.pathname = `/${mongoose.connection.name}`;
  env = {
    MONGO_URI: uri.toString(),
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    JWT_SECRET: 'a secret of the test suite, long enough',
    PATH: process.env['PATH'] ?? '',
  };
  owner = await api.register();
  const body = { name: 'Processes' };
  projectId = (await api.request('POST', '/api/projects', { token: owner.token, body })).body.id;
});

afterEach(async () => {
  for (const server of processes.splice(0)) {
    server.kill('SIGKILL');
    await server.ended;
  }
  // As if the time of whoever was killed were over.
  await freeLeases();
});

afterAll(async () => {
  await api.close();
  await folder.remove();
});

const freeLeases = () => LeaseModel.updateMany({}, { owner: null, until: new Date(0) });

async function launch(roles: string): Promise<ServerProcess & { url: string }> {
  const port = String(await freePort());
  const server = startProcess({ ...env, ROLES: roles, PORT: port }, folder.path);
  processes.push(server);
  await untilReady(server);
  return { ...server, url: `http://127.0.0.1:${port}` };
}

const makeTask = (fields: object = {}) =>
  api.request('POST', '/api/tasks', {
    token: owner.token,
    body: { projectId, title: 'Through', ...fields },
  });

async function expectNumbered(): Promise<void> {
  await eventually(async () => {
    expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
  }, 20_000);
  const events = await EventModel.find({}, { seq: 1 }).sort({ seq: 1 }).lean();
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
}

/** Somebody new in the project, with open tasks there. */
async function addBusyMember(tasks: number): Promise<Person> {
  const person = await api.register();
  await api.request('POST', `/api/projects/${projectId}/members`, {
    token: owner.token,
    body: { userId: person.user.id, role: 'member' },
  });
  for (let count = 0; count < tasks; count += 1) {
    expect((await makeTask({ assigneeId: person.user.id })).status).toBe(201);
  }
  return person;
}

const remove = (person: Person) =>
  api.request('DELETE', `/api/projects/${projectId}/members/${person.user.id}`, { token: owner.token });

const openTasksOf = (person: Person) =>
  TaskModel.countDocuments({ assigneeId: new mongoose.Types.ObjectId(person.user.id) });

describe('a process that is only a worker', () => {
  it('tells how it is and nothing else, and ends with 0 when told to stop', async () => {
    const worker = await launch('worker');
    const status = async (path: string): Promise<number> => (await fetch(worker.url + path)).status;
    expect(await Promise.all(['/health/live', '/health/ready', '/metrics'].map(status))).toEqual([
      200, 200, 200,
    ]);
    expect(await Promise.all(['/api', '/api/docs', '/api/tasks', '/'].map(status))).toEqual([
      404, 404, 404, 404,
    ]);
    await eventually(async () => {
      expect(await LeaseModel.countDocuments({ owner: { $ne: null } })).toBeGreaterThan(1);
    });
    const toldAt = performance.now();
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(performance.now() - toldAt).toBeLessThan(10_000);
    expect(await LeaseModel.countDocuments({ owner: { $ne: null } })).toBe(0);
    expect(worker.output()).not.toMatch(/"level":"(?:warn|error)"/);
  });

  it('may be away: writes go on, and everything is caught up with', async () => {
    const leaver = await addBusyMember(3);
    expect((await remove(leaver)).status).toBe(204);
    expect((await makeTask()).status).toBe(201);
    expect(await openTasksOf(leaver)).toBe(3);
    await launch('worker');
    await eventually(async () => {
      expect(await openTasksOf(leaver)).toBe(0);
    });
    await expectNumbered();
  });
});

describe('two web processes and a worker', () => {
  it('behave as one', async () => {
    const [first, second] = await Promise.all([launch('web'), launch('web'), launch('worker')]);
    const leaver = await addBusyMember(2);
    const ask = (server: { url: string }, path: string, init: RequestInit = {}) =>
      fetch(`${server.url}/api${path}`, {
        ...init,
        headers: { authorization: `Bearer ${owner.token}`, 'content-type': 'application/json' },
      });
    const body = JSON.stringify({ projectId, title: 'By the other', assigneeId: leaver.user.id });
    const made = await ask(second, '/tasks', { method: 'POST', body });
    expect(made.status).toBe(201);
    // The API's answers are known to be JSON objects.
    const { id } = (await made.json()) as { id: string };
    const gone = await ask(first, `/projects/${projectId}/members/${leaver.user.id}`, { method: 'DELETE' });
    expect(gone.status).toBe(204);
    await eventually(async () => {
      expect(await (await ask(second, `/tasks/${id}`)).json()).toMatchObject({
        assigneeId: null,
        version: 2,
      });
    });
    expect(await openTasksOf(leaver)).toBe(0);
    await expectNumbered();
  });

  it('take a task back that was given to somebody who had just been removed', async () => {
    await launch('worker');
    const other = await api.second();
    const leaver = await addBusyMember(1);
    // The other instance remembers the project as it was.
    const task = { projectId, title: 'Too late', assigneeId: leaver.user.id };
    await other.request('GET', `/api/projects/${projectId}`, { token: owner.token });
    const [removed, ...late] = await Promise.all([
      remove(leaver),
      ...Array.from({ length: 10 }, () =>
        other.request('POST', '/api/tasks', { token: owner.token, body: task }),
      ),
    ]);
    expect(removed.status).toBe(204);
    expect(late.some(({ status }) => status === 201)).toBe(true);
    await eventually(async () => {
      expect(await openTasksOf(leaver)).toBe(0);
      expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
    });
  });
});

describe('a worker that is killed while it numbers', () => {
  /** Each worker gets to number something and is killed at any moment after that. */
  async function killAgainAndAgain(): Promise<void> {
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      const worker = await launch('worker');
      const last = await EventModel.findOne({ seq: { $gt: 0 } })
        .sort({ seq: -1 })
        .lean();
      await eventually(async () => {
        expect(await EventModel.countDocuments({ seq: { $gt: last?.seq ?? 0 } })).toBeGreaterThan(0);
      }, 20_000);
      await sleep(Math.random() * 300);
      worker.kill('SIGKILL');
      await worker.ended;
      // Once the next one waits until the time of the dead one is over, to be quick not every time.
      if (cycle > 0) await freeLeases();
    }
  }

  it('loses nothing, gives no number twice and leaves no gap', async () => {
    let isOver = false;
    let written = 0;
    const before = await EventModel.countDocuments();
    const writer = async (): Promise<void> => {
      while (!isOver) {
        if ((await makeTask()).status === 201) written += 1;
        // Two cores do all of this: the others get their turn.
        await sleep(10);
      }
    };
    const writers = Array.from({ length: 4 }, writer);
    try {
      await killAgainAndAgain();
    } finally {
      isOver = true;
      await Promise.all(writers);
    }
    await launch('worker');
    await expectNumbered();
    expect(await EventModel.countDocuments()).toBe(before + written);
    expect(written).toBeGreaterThan(100);
    // Changes of one thing have their numbers in the order of its versions.
    const events = await EventModel.find({ 'subject.type': 'task' }).sort({ seq: 1 }).lean();
    const versions = new Map<string, number>();
    for (const { subject } of events) {
      expect(subject.version ?? 0).toBeGreaterThan(versions.get(subject.id) ?? 0);
      versions.set(subject.id, subject.version ?? 0);
    }
  }, 120_000);
});

describe('the operator', () => {
  async function cli(...words: string[]): Promise<{ code: unknown; said: string }> {
    const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'cli/main.ts'), ...words], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const [code] = (await once(child, 'close')) as unknown[];
    return { code, said };
  }

  it('sees the followers, replays them and runs parked events again', async () => {
    const name = 'unassign-removed-members';
    await launch('worker');
    await eventually(async () => {
      expect(await cli('followers')).toEqual({
        code: 0,
        said: expect.stringMatching(new RegExp(`^follower .*\\n${name} +\\d+ +0 +0 +\\S+:\\d+:\\w{8}\\n$`)),
      });
    });
    // Left over from a time before a mistake was mended: the removal was never acted on.
    const leaver = await addBusyMember(1);
    await remove(leaver);
    await eventually(async () => {
      expect(await openTasksOf(leaver)).toBe(0);
    });
    const event = await EventModel.findOne({ name: 'member.removed', 'subject.id': leaver.user.id }).lean();
    const seq = event?.seq ?? 0;
    await TaskModel.updateMany({ title: 'Through' }, { assigneeId: leaver.user.id });
    await ParkedEventModel.create({
      follower: name,
      eventId: event?._id ?? new mongoose.Types.ObjectId(),
      seq,
      name: 'member.removed',
      error: 'Error: long ago',
      attempts: 8,
      at: new Date(),
    });
    expect((await cli('followers')).said).toMatch(new RegExp(`${name} +\\d+ +\\d+ +1 `));
    expect(await cli('followers', 'unpark', name)).toEqual({ code: 0, said: '1 done, 0 failed again.\n' });
    expect(await openTasksOf(leaver)).toBe(0);

    await TaskModel.updateMany({ title: 'Through' }, { assigneeId: leaver.user.id });
    expect(await cli('followers', 'replay', name, '--from', String(seq))).toEqual({
      code: 0,
      said: `${name} goes through the log again from event ${String(seq)}.\n`,
    });
    await eventually(async () => {
      expect(await openTasksOf(leaver)).toBe(0);
    });
    expect((await FollowerModel.findOne({ _id: name }).lean())?.seq).toBeGreaterThanOrEqual(seq);
    expect(await cli('followers', 'replay', 'nobody', '--from', '1')).toEqual({
      code: 1,
      said: `No follower is called nobody; there are ${name}.\n`,
    });
  }, 120_000);
});
