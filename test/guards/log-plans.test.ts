import { randomUUID } from 'node:crypto';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { EventModel, type StoredEvent } from '../../src/events/index.ts';
import { startApp, type Person, type TestApp } from '../app.ts';
import { makeCast, makeProject, type Cast } from '../scene.ts';
import { choiceOf, commandsOf, explain, faultsIn } from './query-plans.ts';

const engine = inject('databaseEngine');
const events = engine === 'secantusd-rs' ? 6_000 : 100_000;
const pageSize = 50;
/** The most events one page of changes passes by. */
const stretch = 5_000;

describe.skipIf(engine === 'secantusd-py')(`plans of what reads the log on ${engine}`, () => {
  let api: TestApp;
  let cast: Cast;
  let projectIds: string[];
  let taskIds: string[];

  beforeAll(async () => {
    // Without a worker: the numbers are given here.
    api = await startApp({ ROLES: 'web', DB_COMMAND_TIMEOUT_MS: '60000' });
    cast = await makeCast(api);
    projectIds = [];
    taskIds = [];
    for (let made = 0; made < 4; made += 1) {
      const { id } = await makeProject(api, cast);
      const body = { projectId: id, title: 'One of many' };
      const task = await api.request('POST', '/api/tasks', { token: cast.member.token, body });
      projectIds.push(String(id));
      taskIds.push(String(task.body.id));
    }
    await EventModel.deleteMany({});
    await storeEvents(events);
  });
  afterAll(() => api.close());

  /** Half of them in the four projects of the cast, the others in projects of nobody here. */
  async function storeEvents(count: number): Promise<void> {
    const all = Array.from({ length: count }, (_, index): StoredEvent & { seq: number } => {
      const mine = index % 2 === 0 ? (index / 2) % 4 : -1;
      return {
        _id: new mongoose.Types.ObjectId(),
        seq: 1 + index,
        name: 'task.updated',
        at: new Date(),
        actorId: new mongoose.Types.ObjectId(cast.member.user.id),
        operationId: randomUUID(),
        requestId: randomUUID(),
        projectId: new mongoose.Types.ObjectId(projectIds[mine]),
        subject: {
          type: 'task',
          id: taskIds[mine] ?? String(new mongoose.Types.ObjectId()),
          version: index + 2,
        },
        changes: [{ field: 'title', from: 'One', to: 'Two' }],
        data: { title: 'Two', projectVersion: index },
      };
    });
    for (let at = 0; at < all.length; at += 1_000)
      await EventModel.collection.insertMany(all.slice(at, at + 1_000));
  }

  async function read(person: Person, path: string, query: Record<string, string>) {
    const answer = await api.request('GET', path, { token: person.token, query });
    expect(answer.status, answer.text).toBe(200);
    return answer.body;
  }

  /** What is wrong with the plans of all commands about events that these acts send. */
  async function faultsOf(most: number, act: () => Promise<unknown>): Promise<string[]> {
    const commands = await commandsOf('events', act);
    const plans = [];
    for (const command of commands) plans.push(await explain(choiceOf(command)));
    return faultsIn(plans, most);
  }

  it.each([
    ['a task', () => `/api/tasks/${String(taskIds[0])}/activity`],
    ['a project', () => `/api/projects/${String(projectIds[1])}/activity`],
  ])('the history of %s walks in an index from its newest event', async (_what, path) => {
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const query = { limit: String(pageSize), ...(cursor !== '' && { cursor }) };
      const faults = await faultsOf(pageSize + 1, async () => {
        const body = await read(cast.member, path(), query);
        expect(body.items).toHaveLength(pageSize);
        cursor = body.nextCursor;
      });
      expect(faults).toEqual([]);
    }
  });

  it('counting a history is bounded', async () => {
    const path = `/api/projects/${String(projectIds[1])}/activity`;
    const commands = await commandsOf('events', () => read(cast.member, path, { count: 'true' }));
    expect(commands.filter((command) => 'pipeline' in command).map(choiceOf)).toMatchObject([
      { limit: 1_001 },
    ]);
  });

  it.each([
    ['everything a member sees', () => cast.member, () => ({}), stretch],
    ['everything a stranger sees', () => cast.stranger, () => ({}), stretch],
    ['one project', () => cast.member, () => ({ projectId: projectIds[2] ?? '' }), 2 * pageSize],
  ])(
    'changes of %s walk in an index, a bounded stretch at a time',
    async (_what, who, scope: () => Record<string, string>, most) => {
      const query: Record<string, string> = { ...scope(), limit: String(pageSize) };
      for (let page = 0; page < 3; page += 1) {
        const faults = await faultsOf(most, async () => {
          query['since'] = (await read(who(), '/api/changes', query)).nextCursor;
        });
        expect(faults).toEqual([]);
      }
    },
  );

  it('what changed since a stale version walks in an index', async () => {
    const { token } = cast.member;
    const path = `/api/tasks/${String(taskIds[0])}`;
    const faults = await faultsOf(pageSize, async () => {
      const headers = { 'if-match': '"77"' };
      const answer = await api.request('PATCH', path, { token, headers, body: { title: 'New' } });
      expect(answer.status).toBe(412);
    });
    expect(faults).toEqual([]);
  });
});
