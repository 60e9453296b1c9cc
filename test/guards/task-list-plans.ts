import mongoose, { type Types } from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { countBudget, scanBudget } from '../../src/db/keyset.ts';
import { sortOf } from '../../src/features/tasks/task-filter.ts';
import type { StoredTask } from '../../src/features/tasks/task.model.ts';
import { chance } from '../../cli/seed/made-up.ts';
import { startApp, type Person, type TestApp } from '../app.ts';
import {
  choiceOf,
  commandsOf,
  explain,
  faultsIn,
  nameOf,
  shapeOf,
  type Choice,
  type Plan,
} from './query-plans.ts';
import { indexedFieldsOf, storeProjects, storeTasks, tasksOf } from './task-volume.ts';

/** How many tasks are stored, in how many projects of one person. */
export interface Volume {
  /** In the first project. */
  large: number;
  /** In every other one. */
  others: number;
  projects: number;
}

/** The volume at which the contract promises plans. */
export const promised: Volume = { large: 55_000, others: 5_000, projects: 10 };

/** What a page looked at, for the table of the long run. */
export interface Reading {
  filter: string;
  isServed: boolean;
  scope: 'one' | 'all';
  documents: number;
}

const engine = inject('databaseEngine');
const pageSize = 50;
/** What one command may ask a server to merge: `internalQueryMaxScansToExplode` of MongoDB. */
const mostRanges = 200;
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
  { query: { deleted: 'true' }, servedWith: [] },
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

/**
 * Rules of the plans behind every task list, on `volume` tasks. With `again` the plan of every command that came up is
 * asked for once more on that many; `readings` is given what each page looked at.
 */
export function taskListPlans(volume: Volume, readings: Reading[] = [], again?: Volume): void {
  const title = `plans of task lists on ${engine}, ${String(totalOf(volume))} tasks`;
  describe.skipIf(engine === 'secantusd-py')(title, () => {
    let api: TestApp;
    let me: Person;
    let people: Types.ObjectId[];
    let projects: Types.ObjectId[];
    let tasks: StoredTask[];

    beforeAll(async () => {
      // Explaining takes longer than the product would wait for an answer, and all of it longer than a token lives.
      api = await startApp({ DB_COMMAND_TIMEOUT_MS: '60000', ACCESS_TOKEN_MINUTES: '1440' });
      me = await api.register();
      const myId = new mongoose.Types.ObjectId(me.user.id);
      people = [myId, ...Array.from({ length: 19 }, () => new mongoose.Types.ObjectId())];
      projects = await storeProjects(myId, volume.projects);
      tasks = tasksIn(projects, volume, people, 1);
      await storeTasks(tasks);
    });
    afterAll(() => api.close());

    const plans = new Map<string, Promise<Plan>>();
    const shapes = new Map<string, Choice>();

    const planOf = (choice: Choice): Promise<Plan> => {
      const shape = shapeOf(choice);
      if (!shapes.has(shape)) shapes.set(shape, choice);
      const name = nameOf(choice);
      const plan = plans.get(name) ?? explain(choice);
      plans.set(name, plan);
      return plan;
    };

    /** Asks for a page; gives the answer and the plan of each command behind it, the same plan explained once. */
    async function list(query: Record<string, string | string[]>) {
      let body: { items: unknown[]; nextCursor: string | null } = { items: [], nextCursor: null };
      const commands = await commandsOf('tasks', async () => {
        const answer = await api.request('GET', '/api/tasks', { token: me.token, query });
        expect(answer.status, answer.text).toBe(200);
        body = answer.body;
      });
      const found: Plan[] = [];
      for (const command of commands) found.push(await planOf(choiceOf(command)));
      return { ...body, plans: found };
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
          .map((task) => ({ task, place: String(valueIn(task, field)).padStart(20) }))
          .sort((a, b) => (a.place < b.place ? -1 : 1));
        middles.set(name, placed[Math.floor(placed.length / 2)]?.task);
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
      const judged = (page: Awaited<ReturnType<typeof list>>, where: string): string[] => {
        readings.push({
          filter: Object.keys(filter.query).join() || 'none',
          isServed,
          scope: 'projectId' in scope ? 'one' : 'all',
          documents: Math.max(...page.plans.map(({ documents }) => documents)),
        });
        const most = isServed ? 2 * page.items.length + pageSize : scanBudget + pageSize;
        return faultsIn(page.plans, most).map((fault) => `${JSON.stringify(asked)} ${where} ${fault}`);
      };
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
      minutes,
    );

    it(
      'several columns or people at once still walk in an index',
      async () => {
        const status = ['todo', 'in_progress', 'done', 'backlog', 'cancelled'];
        const faults: string[] = [];
        for (const scope of scopes())
          faults.push(...faultsIn((await list({ ...scope, status })).plans, 3 * pageSize));
        expect(faults).toEqual([]);
      },
      minutes,
    );

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
      minutes,
    );

    it(
      'counting is bounded too',
      async () => {
        for (const scope of scopes()) {
          for (const query of [{}, { status: 'todo' }, { priority: 'urgent' }, { q: 'unicorn' }]) {
            const found = await list({ ...query, ...scope, count: 'true', limit: '1' });
            expect(faultsIn(found.plans, countBudget + pageSize)).toEqual([]);
          }
        }
      },
      minutes,
    );

    it.runIf(again !== undefined)(
      `the plan of every command that names no index is as good on ${again === undefined ? 'more' : String(totalOf(again))} tasks`,
      async () => {
        if (again === undefined) return;
        await mongoose.connection.collection('tasks').deleteMany({});
        await storeTasks(tasksIn(projects.slice(0, again.projects), again, people, 2).map(indexedFieldsOf));
        const faults: string[] = [];
        let planned = 0;
        for (const [shape, choice] of shapes) {
          // Where the index is named, the number of documents changes nothing.
          if (choice.hint !== undefined) continue;
          planned += 1;
          // A search looks at the tasks of its rarest word, whose number was counted first.
          const isSearch = /words|\$or/.test(shape);
          const most = isSearch ? Infinity : choice.limit + (choice.skip ?? 0) + mostRanges;
          const plan = await explain(choice, 'queryPlanner');
          faults.push(...faultsIn([plan], most).map((fault) => `${shape} ${fault}`));
        }
        expect(faults).toEqual([]);
        console.log(`${String(planned)} shapes of commands were planned on ${String(totalOf(again))} tasks.`);
      },
      minutes,
    );
  });
}

const minutes = 3_600_000;

/** The sort field's value as cursors carry it. */
function valueIn(task: StoredTask, field: string): string | number | null {
  const value = (task as unknown as Record<string, string | number | Date | null>)[field] ?? null;
  return value instanceof Date ? value.getTime() : value;
}

const totalOf = ({ large, others, projects }: Volume): number => large + (projects - 1) * others;

function tasksIn(
  projects: readonly Types.ObjectId[],
  { large, others }: Volume,
  people: readonly Types.ObjectId[],
  seed: number,
): StoredTask[] {
  const random = chance(seed);
  return projects.flatMap((projectId, index) =>
    tasksOf({ projectId, count: index === 0 ? large : others, people, random, now }),
  );
}
