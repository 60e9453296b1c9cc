import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { EventModel } from '../../src/events/index.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { startApp, type Answer, type Person, type Sending, type TestApp } from '../app.ts';
import { tcpProxy, type TcpProxy } from '../tcp-proxy.ts';
import { reportProof } from './report.ts';

const commandDeadlineMs = 5_000;
let proxy: TcpProxy;
let api: TestApp;
let person: Person;
let projectId: string;
let taskId: string;
const longest = { 'ms while it is dead': 0, 'ms while it is slow': 0, 'ms to recover': 0 };
const note = (what: keyof typeof longest, ms: number): void => {
  longest[what] = Math.max(longest[what], Math.round(ms));
};

beforeAll(async () => {
  const uri = new URL(inject('databaseUri'));
  proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
  uri.host = `127.0.0.1:${String(proxy.port)}`;
  uri.searchParams.set('directConnection', 'true');
  api = await startApp({ NODE_ENV: 'test' }, { uri: uri.toString() });
  person = await api.register();
  const { token } = person;
  const project = await api.request('POST', '/api/projects', { token, body: { name: 'Faults' } });
  projectId = project.body.id;
  const task = await api.request('POST', '/api/tasks', { token, body: { projectId, title: 'One' } });
  taskId = task.body.id;
});

afterAll(async () => {
  reportProof({
    id: 'R07',
    what: 'The database is dead, slow beyond the deadline of a command, or loses answers; one request of every kind',
    counts: { kinds: kinds.length, ...longest },
  });
  await proxy.revive();
  await untilItWorks();
  await api.close();
  await proxy.close();
});

afterEach(async () => {
  await proxy.revive();
  await untilItWorks();
});

interface Timed extends Answer {
  ms: number;
}

async function timed(method: string, path: string, sending: Sending = {}): Promise<Timed> {
  const startedAt = performance.now();
  const answer = await api.request(method, path, { token: person.token, ...sending });
  return { ...answer, ms: performance.now() - startedAt };
}

/** One request of every kind: public, with a look-up only, a list, and writes. */
const kinds: [what: string, send: () => Promise<Timed>][] = [
  ['a registration', () => timed('POST', '/api/auth/register', { body: freshPerson() })],
  ['a login', () => timed('POST', '/api/auth/login', { body: credentials() })],
  ['the own account', () => timed('GET', '/api/users/me')],
  ['a list of projects', () => timed('GET', '/api/projects')],
  ['a list of tasks', () => timed('GET', '/api/tasks', { query: { projectId } })],
  ['a task', () => timed('GET', `/api/tasks/${taskId}`)],
  ['a new task', () => timed('POST', '/api/tasks', { body: { projectId, title: 'Lost' } })],
  ['a changed task', () => timed('PATCH', `/api/tasks/${taskId}`, { body: { title: 'Lost' } })],
  ['a deleted task', () => timed('DELETE', `/api/tasks/${taskId}`)],
  ['a new project', () => timed('POST', '/api/projects', { body: { name: 'Lost' } })],
];

const credentials = () => ({ email: person.email, password: person.password });
const freshPerson = () => ({
  name: 'Late',
  email: `late.${String(Date.now())}@example.com`,
  password: 'correct horse 9 battery',
});

/** Waits until a read that needs the database works, and gives how long that took. */
async function untilItWorks(): Promise<number> {
  const startedAt = performance.now();
  while ((await timed('GET', `/api/tasks/${taskId}`)).status !== 200) {
    if (performance.now() - startedAt > 20_000) throw new Error('the product did not recover');
    await sleep(50);
  }
  return performance.now() - startedAt;
}

function expectUnavailable({ status, body, headers }: Answer, what: string): void {
  expect([what, status, body?.code]).toEqual([what, 503, 'server.database_unavailable']);
  expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
}

describe('while the database is dead', () => {
  it('every kind of request answers 503 within three seconds, and health tells what fails', async () => {
    await proxy.die();
    // What was looked up less than a second ago is still known.
    await sleep(1_100);
    const answers = await Promise.all(kinds.map(async ([what, send]) => ({ what, answer: await send() })));
    for (const { what, answer } of answers) {
      expectUnavailable(answer, what);
      expect(answer.ms, what).toBeLessThan(3_000);
      note('ms while it is dead', answer.ms);
    }
    const live = await timed('GET', '/health/live');
    expect([live.status, live.ms < 500]).toEqual([200, true]);
    const ready = await timed('GET', '/health/ready');
    expect([ready.status, ready.body.failing]).toEqual([503, ['database']]);
    expect(ready.headers['retry-after']).toBeDefined();
    expect(ready.ms).toBeLessThan(3_000);
  });

  it('nothing about it reaches the log but the request lines', async () => {
    const before = api.logLines.length;
    await proxy.die();
    await sleep(1_100);
    await timed('GET', '/api/projects');
    const levels = api.logLines.slice(before).map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).not.toContain('error');
  });

  it('the product works again within five seconds of its return, by itself', async () => {
    await proxy.die();
    await sleep(1_100);
    expectUnavailable(await timed('GET', '/api/projects'), 'a list of projects');
    await proxy.revive();
    const ms = await untilItWorks();
    expect(ms).toBeLessThan(5_000);
    note('ms to recover', ms);
    expect((await timed('GET', '/health/ready')).status).toBe(200);
    expect((await timed('POST', '/api/tasks', { body: { projectId, title: 'After' } })).status).toBe(201);
  });
});

describe('while the database is slow beyond the deadline of a command', () => {
  it('requests answer 503 at the deadline', async () => {
    proxy.delay(60_000);
    await sleep(1_100);
    const [read, written, ready] = await Promise.all([
      timed('GET', `/api/tasks/${taskId}`),
      timed('POST', '/api/tasks', { body: { projectId, title: 'Too slow' } }),
      timed('GET', '/health/ready'),
    ]);
    expectUnavailable(read, 'a task');
    expectUnavailable(written, 'a new task');
    for (const { ms } of [read, written]) {
      expect(ms).toBeLessThan(commandDeadlineMs + 2_500);
      note('ms while it is slow', ms);
    }
    expect(ready.status).toBe(503);
    expect(ready.ms).toBeLessThan(2_500);
  });
});

describe('when the connection is cut after the write and before its answer', () => {
  const cases: [what: string, command: string][] = [
    ['the write', 'bulkWrite'],
    ['the commit', 'commitTransaction'],
    ['the task number', 'findAndModify'],
  ];

  it.each(cases)('%s is done once or not at all', async (_what, command) => {
    for (const times of [1, 2, 50]) {
      const title = `Cut ${command} ${String(times)}`;
      proxy.cutAnswersTo(command, times);
      const answer = await timed('POST', '/api/tasks', { body: { projectId, title } });
      expect(proxy.cuts()).toBeGreaterThan(0);
      await proxy.revive();
      await untilItWorks();
      // A transaction whose client went away ends after a while.
      const tasks = await TaskModel.find({ title }).lean();
      const events = await EventModel.countDocuments({ name: 'task.created', 'data.title': title });
      expect(events).toBe(tasks.length);
      expect(tasks.length).toBeLessThanOrEqual(1);
      if (answer.status === 201) expect(tasks.map(({ _id }) => String(_id))).toEqual([answer.body.id]);
      else expectUnavailable(answer, title);
    }
  });

  it('a repeat under its key completes it, once', async () => {
    for (const [, command] of cases) {
      const body = { projectId, title: `Repeated after ${command}` };
      const sending = { body, headers: { 'idempotency-key': randomUUID() } };
      proxy.cutAnswersTo(command, 50);
      await timed('POST', '/api/tasks', sending);
      await proxy.revive();
      await untilItWorks();
      const answers = [
        await timed('POST', '/api/tasks', sending),
        await timed('POST', '/api/tasks', sending),
      ];
      expect(answers.map(({ status }) => status)).toEqual([201, 201]);
      expect(answers[1]?.text).toBe(answers[0]?.text);
      const tasks = await TaskModel.find({ title: body.title }).lean();
      expect(tasks.map(({ _id }) => String(_id))).toEqual([answers[0]?.body.id]);
    }
  });

  it('a change is made once or not at all', async () => {
    for (const command of ['bulkWrite', 'commitTransaction']) {
      const before = await timed('GET', `/api/tasks/${taskId}`);
      proxy.cutAnswersTo(command, 1);
      const title = `Changed through ${command}`;
      const answer = await timed('PATCH', `/api/tasks/${taskId}`, { body: { title } });
      await proxy.revive();
      await untilItWorks();
      const after = await timed('GET', `/api/tasks/${taskId}`);
      const rise = after.body.version - before.body.version;
      expect(rise).toBe(after.body.title === title ? 1 : 0);
      if (answer.status === 200) expect(rise).toBe(1);
      else expectUnavailable(answer, command);
    }
  });
});
