import mongoose, { type Types } from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { countBudget, scanBudget } from '../../src/db/keyset.ts';
import { sortOf } from '../../src/features/tasks/task-filter.ts';
import type { StoredTask } from '../../src/features/tasks/task.model.ts';
import { startApp, type Person, type TestApp } from '../app.ts';
import { choiceOf, commandsOf, explain, type Plan } from './query-plans.ts';
import { chance, storeProjects, storeTasks, tasksOf } from './task-volume.ts';

const engine = inject('databaseEngine');
const isStandIn = engine.startsWith('secantusd');
/** The stand-in needs seconds to explain one command about a large collection; so it gets just more than the budget. */
const volume = isStandIn ? { large: 2_300, others: 6 } : { large: 60_000, others: 816 };
const projectCount = 50;
const pageSize = 50;
const total = volume.large + (projectCount - 1) * volume.others;

if (engine === 'secantusd-py')
  console.log('Query plans were NOT checked: the Python stand-in does not show which plan it uses.');
else
  console.log(
    `Query plans are checked on ${String(total)} tasks${isStandIn ? ', not 100,000: the database is a stand-in' : ''}.`,
  );

const now = Date.now();
const day = 86_400_000;
const ago = (days: number): string => new Date(now - days * day).toISOString();
const sorts = ['rank', 'dueDate', 'priority', 'createdAt', 'updatedAt', 'number'];

interface Filter {
  query: Record<string, string>;
  /** The sorts with which an index serves it, as the description of the list promises. */
  servedWith: string[];
}

const filters: Filter[] = [
  { query: {}, servedWith: sorts },
  { query: { deleted: 'true' }, servedWith: sorts },
  { query: { status: 'todo' }, servedWith: ['rank'] },
  { query: { assigneeId: 'me' }, servedWith: ['dueDate'] },
  { query: { assigneeId: 'none' }, servedWith: ['dueDate'] },
  { query: { dueBefore: ago(-60) }, servedWith: ['dueDate'] },
  { query: { dueAfter: ago(200) }, servedWith: ['dueDate'] },
  { query: { updatedSince: ago(600) }, servedWith: ['updatedAt'] },
  { query: { createdBy: 'me' }, servedWith: [] },
  { query: { category: 'cancelled' }, servedWith: [] },
  { query: { priority: 'urgent' }, servedWith: [] },
  { query: { overdue: 'true' }, servedWith: [] },
];

describe.skipIf(engine === 'secantusd-py')(`query plans on ${engine}`, () => {
  let api: TestApp;
  let me: Person;
  let projects: Types.ObjectId[];
  let tasks: StoredTask[];

  beforeAll(async () => {
    // Explaining takes longer than the product would ever wait for an answer.
    api = await startApp({ DB_COMMAND_TIMEOUT_MS: '60000' });
    me = await api.register();
    const myId = new mongoose.Types.ObjectId(me.user.id);
    const people = [myId, ...Array.from({ length: 19 }, () => new mongoose.Types.ObjectId())];
    projects = await storeProjects(myId, projectCount);
    const random = chance(1);
    tasks = projects.flatMap((projectId, index) =>
      tasksOf({ projectId, count: index === 0 ? volume.large : volume.others, people, random, now }),
    );
    await storeTasks(tasks);
  });
  afterAll(() => api.close());

  const plans = new Map<string, Promise<Plan>>();

  /** Asks for a page; gives the answer and the plan of each command behind it, the same plan explained once. */
  async function list(query: Record<string, string>) {
    let body: { items: unknown[]; nextCursor: string | null } = { items: [], nextCursor: null };
    const commands = await commandsOf('tasks', async () => {
      const answer = await api.request('GET', '/api/tasks', { token: me.token, query });
      expect(answer.status, answer.text).toBe(200);
      body = answer.body;
    });
    const found: Plan[] = [];
    for (const command of commands) {
      const choice = choiceOf(command);
      const name = JSON.stringify(choice);
      const known = plans.get(name) ?? explain(choice);
      plans.set(name, known);
      found.push(await known);
    }
    return { ...body, plans: found };
  }

  function faultsIn(found: readonly Plan[], most: number): string[] {
    if (found.length === 0) return ['asks the database nothing'];
    return found.flatMap(({ stages, documents }) => [
      ...(stages.includes('COLLSCAN') ? ['reads the whole collection'] : []),
      ...(stages.includes('SORT') ? ['sorts in memory'] : []),
      ...(stages.some((stage) => /IXSCAN|COUNT_SCAN|EOF/.test(stage))
        ? []
        : [`uses no index: ${stages.join()}`]),
      ...(documents > most ? [`looks at ${String(documents)} documents, more than ${String(most)}`] : []),
    ]);
  }

  /** The sort field's value as cursors carry it. */
  function valueIn(task: StoredTask, field: string): string | number | null {
    const value = (task as unknown as Record<string, string | number | Date | null>)[field] ?? null;
    return value instanceof Date ? value.getTime() : value;
  }

  const middles = new Map<string, StoredTask | undefined>();

  /** The task in the middle of everything in the sort's order, nulls left out. */
  function middleOf(sort: string, projectId: string | undefined, trashed: boolean): StoredTask | undefined {
    const name = JSON.stringify([sort, projectId, trashed]);
    if (!middles.has(name)) {
      const { field } = sortOf(sort);
      const placed = tasks
        .filter((task) => task.trashed === trashed && valueIn(task, field) !== null)
        .filter((task) => projectId === undefined || String(task.projectId) === projectId)
        .sort((a, b) =>
          String(valueIn(a, field)).padStart(20) < String(valueIn(b, field)).padStart(20) ? -1 : 1,
        );
      middles.set(name, placed[Math.floor(placed.length / 2)]);
    }
    return middles.get(name);
  }

  /** Moves a cursor of a list to the middle of its order. */
  function toTheMiddle(cursor: string, query: Record<string, string>, sort: string): string {
    const { b } = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const { field } = sortOf(sort);
    const middle = middleOf(sort, query['projectId'], query['deleted'] === 'true');
    if (middle === undefined) return cursor;
    const value = valueIn(middle, field);
    const v = field.endsWith('At') ? { t: value } : value;
    return Buffer.from(JSON.stringify({ b, v, i: String(middle._id) })).toString('base64url');
  }

  async function faultsOf(filter: Filter, sort: string, scope: Record<string, string>): Promise<string[]> {
    const asked = { sort, ...filter.query, ...scope, limit: String(pageSize) };
    const isServed = filter.servedWith.includes(sort.replace('-', ''));
    const judged = (page: Awaited<ReturnType<typeof list>>, where: string): string[] =>
      faultsIn(page.plans, isServed ? 2 * page.items.length + pageSize : scanBudget + pageSize).map(
        (fault) => `${JSON.stringify(asked)} ${where} ${fault}`,
      );
    const first = await list(asked);
    const faults = judged(first, 'first page');
    if (first.nextCursor === null) return faults;
    const inTheMiddle = await list({ ...asked, cursor: toTheMiddle(first.nextCursor, asked, sort) });
    return [...faults, ...judged(inTheMiddle, 'in the middle')];
  }

  const scopes = (): Record<string, string>[] => [{}, { projectId: String(projects[0]) }];

  it.each(sorts.flatMap((sort) => [sort, `-${sort}`]))(
    'sort=%s, alone and with every filter, walks in an index',
    async (sort) => {
      const faults: string[] = [];
      for (const filter of filters)
        for (const scope of scopes()) faults.push(...(await faultsOf(filter, sort, scope)));
      expect(faults).toEqual([]);
    },
    60_000,
  );

  it('several columns or people at once still walk in an index', async () => {
    const faults: string[] = [];
    for (const scope of scopes()) {
      const board = await api.request('GET', '/api/tasks', {
        token: me.token,
        query: { ...scope, status: ['todo', 'in_progress', 'done', 'backlog', 'cancelled'] },
      });
      expect(board.status).toBe(200);
      const commands = await commandsOf('tasks', () =>
        api.request('GET', '/api/tasks', {
          token: me.token,
          query: { ...scope, status: ['todo', 'in_progress', 'done', 'backlog', 'cancelled'] },
        }),
      );
      for (const command of commands)
        faults.push(...faultsIn([await explain(choiceOf(command))], 3 * pageSize));
    }
    expect(faults).toEqual([]);
  });

  it.each(['unicorn', 'unicorn the', 'the unicorn write', 'the', 'write page', 'PAA-1', 'zebra'])(
    'q=%s looks at a bounded number of candidates',
    async (q) => {
      for (const scope of scopes()) {
        for (const sort of ['rank', '-dueDate']) {
          const found = await list({ q, sort, ...scope });
          expect(faultsIn(found.plans, scanBudget + pageSize)).toEqual([]);
        }
      }
    },
    60_000,
  );

  it('counting is bounded too', async () => {
    for (const scope of scopes()) {
      for (const query of [{}, { status: 'todo' }, { priority: 'urgent' }, { q: 'unicorn' }]) {
        const found = await list({ ...query, ...scope, count: 'true', limit: '1' });
        expect(faultsIn(found.plans, countBudget + pageSize)).toEqual([]);
      }
    }
  }, 60_000);
});
