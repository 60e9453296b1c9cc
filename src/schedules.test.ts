import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../test/app.ts';
import { eventually } from '../test/eventually.ts';
import { eventsAbout, idsOf, refusal } from '../test/scene.ts';
import { EventModel } from './events/index.ts';
import { CounterModel, purgeProjects } from './features/projects/index.ts';
import { ProjectKeyModel, ProjectModel } from './features/projects/project.model.ts';
import { emptyProject, purgeTasks } from './features/tasks/index.ts';
import { TaskModel } from './features/tasks/task.model.ts';
import { startJobs, type JobCtx, type Jobs } from './jobs/index.ts';
import { JobModel, ScheduleModel } from './jobs/job.model.ts';
import { jobDefinitions, schedules } from './schedules.ts';

let api: TestApp;
let owner: Person;
let jobs: Jobs | undefined;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

beforeAll(async () => {
  api = await startApp({ ROLES: 'web', TRASH_DAYS: '2', REFRESH_TOKEN_DAYS: '365' });
  owner = await api.register();
});
afterEach(async () => {
  await jobs?.stop();
  jobs = undefined;
});
afterAll(() => api.close());

/** Time passes; tokens are short-lived, so the owner logs in again. */
async function pass(ms: number): Promise<void> {
  api.clock.advance(ms);
  const { email, password } = owner;
  const { body } = await api.request('POST', '/api/auth/login', { body: { email, password } });
  owner = { ...owner, token: body.token };
}

const ask = (method: string, path: string, body?: object) =>
  api.request(method, `/api${path}`, { token: owner.token, ...(body !== undefined && { body }) });

async function make(path: string, body: object): Promise<string> {
  const answer = await ask('POST', path, body);
  expect(answer.status, answer.text).toBe(201);
  return String(answer.body.id);
}

const discard = async (path: string): Promise<void> => {
  expect((await ask('DELETE', path)).status).toBe(204);
};

/** What the purge is told when it runs outside a job. */
function purging(signal = new AbortController().signal): JobCtx {
  const { deps } = api.instance;
  const now = (): Date => api.clock.now();
  const origin = { actorId: null, requestId: 'purge', operationId: 'purge', now };
  return { deps, log: deps.log, signal, attempt: 1, origin, now };
}

const named = async (id: string, name: string) =>
  (await eventsAbout(id)).filter((event) => event.name === name);

describe('the trash', () => {
  it('is emptied by itself: what lay there too long is gone for good and announced, nothing else', async () => {
    const kept = await make('/projects', { name: 'Kept' });
    const old = await make('/projects', { name: 'Old', key: 'OLD' });
    const oldTasks = await Promise.all(
      ['a', 'b', 'c'].map((title) => make('/tasks', { projectId: old, title })),
    );
    const [task, trashed, trashedLater] = [
      await make('/tasks', { projectId: kept, title: 'Stays' }),
      await make('/tasks', { projectId: kept, title: 'Goes' }),
      await make('/tasks', { projectId: kept, title: 'Waits' }),
    ];
    jobs = startJobs({ deps: api.instance.deps, definitions: jobDefinitions, schedules });
    await eventually(async () => {
      expect(await ScheduleModel.countDocuments()).toBe(schedules.length);
    });
    await discard(`/projects/${old}`);
    await discard(`/tasks/${trashed}`);
    await pass(dayMs);
    await discard(`/tasks/${trashedLater}`);

    await pass(dayMs + 3 * hourMs);
    await eventually(async () => {
      expect(await ProjectModel.exists({ _id: old })).toBeNull();
      expect(await JobModel.countDocuments({ state: { $ne: 'done' } })).toBe(0);
    });
    expect(await TaskModel.countDocuments({ projectId: old })).toBe(0);
    expect(await CounterModel.exists({ _id: old })).toBeNull();
    expect(await ProjectKeyModel.exists({ _id: `${owner.user.id}/OLD` })).toBeNull();
    expect(await named(old, 'project.purged')).toMatchObject([
      { actorId: null, data: { name: 'Old', memberIds: [owner.user.id] } },
    ]);
    for (const id of oldTasks) expect(await named(id, 'task.purged')).toEqual([]);

    expect(await TaskModel.exists({ _id: trashed })).toBeNull();
    expect(await named(trashed, 'task.purged')).toMatchObject([
      { actorId: null, data: { title: 'Goes', number: 2 } },
    ]);
    expect(String((await named(trashed, 'task.purged'))[0]?.projectId)).toBe(kept);
    expect((await ask('GET', `/tasks/${task}`)).status).toBe(200);
    expect((await ask('POST', `/tasks/${trashedLater}/restore`)).status).toBe(200);
    expect(await CounterModel.exists({ _id: kept })).not.toBeNull();
    // The key is free again.
    await make('/projects', { name: 'New', key: 'OLD' });
  });

  it('shows and gives back no task that lay there too long, also before it is removed', async () => {
    const projectId = await make('/projects', { name: 'P' });
    const id = await make('/tasks', { projectId, title: 'Late' });
    await discard(`/tasks/${id}`);
    const list = () =>
      api.request('GET', '/api/tasks', { token: owner.token, query: { projectId, deleted: 'true' } });
    await pass(2 * dayMs - 60_000);
    expect(idsOf(await list())).toEqual([id]);
    await pass(61_000);
    expect(idsOf(await list())).toEqual([]);
    expect(refusal(await ask('POST', `/tasks/${id}/restore`))).toEqual([404, 'task.not_found']);
    expect(await TaskModel.findOne({ _id: id }).lean()).toMatchObject({ trashed: true, version: 2 });
  });

  it('is emptied in steps that another process goes on with, each announced once', async () => {
    const projectId = await make('/projects', { name: 'Large' });
    for (let n = 0; n < 5; n += 1) await make('/tasks', { projectId, title: `Task ${String(n)}` });
    const live = await make('/projects', { name: 'Live' });
    const id = await make('/tasks', { projectId: live, title: 'Trashed' });
    await discard(`/projects/${projectId}`);
    await discard(`/tasks/${id}`);
    await pass(3 * dayMs);

    const killed = purgeProjects(purging(), () => Promise.reject(new Error('killed')));
    await expect(killed).rejects.toThrow('killed');
    expect(await ProjectModel.findOne({ _id: projectId }).lean()).toMatchObject({
      purgedAt: expect.any(Date),
    });
    // As a process leaves it that is killed when it has condemned and announced the task.
    await TaskModel.updateOne({ _id: id }, { $set: { purgedAt: api.clock.now() }, $inc: { version: 1 } });

    await Promise.all([1, 2, 3].map(() => purgeTasks(purging())));
    await Promise.all([1, 2, 3].map(() => purgeProjects(purging(), emptyProject)));
    expect(await ProjectModel.exists({ _id: projectId })).toBeNull();
    expect(await TaskModel.countDocuments({ projectId })).toBe(0);
    expect(await TaskModel.exists({ _id: id })).toBeNull();
    expect(await named(projectId, 'project.purged')).toHaveLength(1);
    expect(await named(id, 'task.purged')).toEqual([]);
  });

  it('is emptied by several at once, each thing announced once', async () => {
    const projectId = await make('/projects', { name: 'Many' });
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, n) => make('/tasks', { projectId, title: `T ${String(n)}` })),
    );
    for (const id of ids) await discard(`/tasks/${id}`);
    await pass(3 * dayMs);
    await Promise.all([1, 2, 3].map(() => purgeTasks(purging())));
    expect(await TaskModel.countDocuments({ projectId })).toBe(0);
    const events = await EventModel.find({ name: 'task.purged', projectId }).lean();
    expect(events.map(({ subject }) => subject.id).sort()).toEqual([...ids].sort());
  });

  it('keeps a project that is restored at the last moment, whoever is first', async () => {
    const projectId = await make('/projects', { name: 'Dear' });
    await make('/tasks', { projectId, title: 'Dear too' });
    await discard(`/projects/${projectId}`);
    await pass(2 * dayMs - 1_000);
    const [restored] = await Promise.all([
      ask('POST', `/projects/${projectId}/restore`),
      purgeProjects(purging(), emptyProject),
    ]);
    expect(restored.status).toBe(200);
    expect(await TaskModel.countDocuments({ projectId })).toBe(1);
    expect(await named(projectId, 'project.purged')).toEqual([]);
  });
});

describe('the log of events', () => {
  it('is kept, unless a retention is configured: then older events go', async () => {
    // Somebody must number them.
    await api.second({ worker: true });
    const old = await make('/projects', { name: 'Long ago' });
    await pass(10 * dayMs);
    const recent = await make('/projects', { name: 'Yesterday' });
    await eventually(async () => {
      expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
    });
    const purge = jobDefinitions.find(({ name }) => name === 'purge-events');
    const run = (eventRetentionDays: number) => {
      const ctx = purging();
      const deps = { ...ctx.deps, config: { ...ctx.deps.config, eventRetentionDays } };
      return purge?.run({ tick: api.clock.now().toISOString() }, { ...ctx, deps });
    };
    await run(0);
    expect(await eventsAbout(old)).toHaveLength(1);
    await run(5);
    expect(await eventsAbout(old)).toEqual([]);
    expect(await eventsAbout(recent)).toHaveLength(1);
  });
});
