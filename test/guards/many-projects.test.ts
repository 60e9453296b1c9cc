import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sortOf } from '../../src/features/tasks/task-filter.ts';
import type { StoredTask } from '../../src/features/tasks/task.model.ts';
import { chance } from '../../cli/seed/made-up.ts';
import { startApp, type Person, type TestApp } from '../app.ts';
import { refusal } from '../scene.ts';
import { choiceOf, commandsOf } from './query-plans.ts';
import { storeProjects, storeTasks, tasksOf } from './task-volume.ts';

const projectCount = 250;
/** What one command may ask a server to merge: `internalQueryMaxScansToExplode` of MongoDB. */
const mostRanges = 200;

let api: TestApp;
let me: Person;
let tasks: StoredTask[];

beforeAll(async () => {
  api = await startApp();
  me = await api.register();
  const myId = new mongoose.Types.ObjectId(me.user.id);
  const projects = await storeProjects(myId, projectCount);
  const random = chance(7);
  const people = [myId, new mongoose.Types.ObjectId()];
  tasks = projects.flatMap((projectId) => tasksOf({ projectId, count: 4, people, random, now: Date.now() }));
  await storeTasks(tasks);
});
afterAll(() => api.close());

type Query = Record<string, string | string[]>;

async function walkAll(query: Query): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const asked: Query = { ...query, limit: '200', ...(cursor !== null && { cursor }) };
    const { status, body } = await api.request('GET', '/api/tasks', { token: me.token, query: asked });
    expect(status).toBe(200);
    ids.push(...(body.items as { id: string }[]).map(({ id }) => id));
    cursor = body.nextCursor;
  } while (cursor !== null);
  return ids;
}

/** The ids in the order the contract promises: the sort's value, nulls last, ties by id. */
function expected(sort: string, keep: (task: StoredTask) => boolean): string[] {
  const { field, direction } = sortOf(sort);
  const valueOf = (task: StoredTask): string | number | Date | null =>
    (task as unknown as Record<string, string | number | Date | null>)[field] ?? null;
  const inOrder = (a: StoredTask, b: StoredTask): number => {
    const [left, right] = [valueOf(a), valueOf(b)];
    if (left !== null && right !== null && left < right) return -direction;
    if (left !== null && right !== null && left > right) return direction;
    if ((left === null) !== (right === null)) return left === null ? 1 : -1;
    return String(a._id) < String(b._id) ? -direction : direction;
  };
  return tasks
    .filter((task) => !task.trashed && keep(task))
    .sort(inOrder)
    .map(({ _id }) => String(_id));
}

describe('somebody in 250 projects', () => {
  it.each(['rank', '-rank', 'dueDate', '-dueDate', 'priority', '-updatedAt', 'number'])(
    'walks through every task once, in order: sort=%s',
    async (sort) => {
      expect(await walkAll({ sort })).toEqual(expected(sort, () => true));
    },
  );

  it('also with filters, whether an index serves them or not', async () => {
    const isOpen = (task: StoredTask): boolean => task.status === 'todo' || task.status === 'backlog';
    expect(await walkAll({ sort: 'rank', status: ['todo', 'backlog'] })).toEqual(expected('rank', isOpen));
    const isUrgent = ({ priority }: StoredTask): boolean => priority === 'urgent';
    expect(await walkAll({ sort: '-dueDate', priority: 'urgent' })).toEqual(expected('-dueDate', isUrgent));
    const isMine = ({ assigneeId }: StoredTask): boolean => String(assigneeId) === me.user.id;
    expect(await walkAll({ sort: 'dueDate', assigneeId: 'me' })).toEqual(expected('dueDate', isMine));
  });

  it('hears the whole number when counting', async () => {
    const query = { count: 'true', limit: '1', status: 'todo' };
    const { body } = await api.request('GET', '/api/tasks', { token: me.token, query });
    expect(body.total).toBe(expected('rank', ({ status }) => status === 'todo').length);
  });

  it('never has a server merge more ranges than it can', async () => {
    const sets: Query[] = [{}, { status: ['todo', 'backlog', 'done', 'in_progress', 'cancelled'] }];
    for (const query of sets) {
      const commands = await commandsOf('tasks', () =>
        api.request('GET', '/api/tasks', { token: me.token, query }),
      );
      expect(commands.length).toBeGreaterThan(1);
      for (const command of commands) {
        const { projectId, status } = choiceOf(command).filter as Record<string, { $in?: unknown[] }>;
        const ranges = (projectId?.$in?.length ?? 1) * (status?.$in?.length ?? 1);
        expect(ranges).toBeLessThanOrEqual(mostRanges);
      }
    }
  });

  it('cannot use a cursor with another sort', async () => {
    const first = await api.request('GET', '/api/tasks', { token: me.token });
    const query = { sort: 'number', cursor: String(first.body.nextCursor) };
    const answer = await api.request('GET', '/api/tasks', { token: me.token, query });
    expect(refusal(answer)).toEqual([400, 'request.invalid_cursor']);
  });
});
