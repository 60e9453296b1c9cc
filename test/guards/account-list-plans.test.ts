import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { scanBudget } from '../../src/db/keyset.ts';
import { startApp, type Person, type TestApp } from '../app.ts';
import { makeAdmin } from '../scene.ts';
import { choiceOf, commandsOf, explain, faultsIn } from './query-plans.ts';
import { storeProjects, storeUsers } from './task-volume.ts';

const engine = inject('databaseEngine');
/** Just more accounts than the scan budget where the server reads all of them to explain one command. */
const accounts = engine === 'secantusd-rs' ? 2_300 : 100_000;
const mine = 300;
const projectsOfOthers = 10;
const pageSize = 50;

describe.skipIf(engine === 'secantusd-py')(`plans of lists of accounts and projects on ${engine}`, () => {
  let api: TestApp;
  let me: Person;

  beforeAll(async () => {
    api = await startApp({ DB_COMMAND_TIMEOUT_MS: '60000' });
    me = await makeAdmin(api);
    const myId = new mongoose.Types.ObjectId(me.user.id);
    const people = await storeUsers(accounts);
    await storeProjects(myId, mine);
    for (const person of people.slice(0, 100)) await storeProjects(person, projectsOfOthers);
  });
  afterAll(() => api.close());

  async function faultsOf(collection: string, path: string, query: Record<string, string>, most: number) {
    const faults: string[] = [];
    let cursor: string | null = null;
    for (const where of ['first page', 'second page']) {
      const asked: Record<string, string> = {
        ...query,
        limit: String(pageSize),
        ...(cursor !== null && { cursor }),
      };
      const commands = await commandsOf(collection, async () => {
        const answer = await api.request('GET', path, { token: me.token, query: asked });
        expect(answer.status, answer.text).toBe(200);
        cursor = answer.body.nextCursor;
      });
      const walks = commands.filter(isWalk);
      const plans = [];
      for (const command of walks) plans.push(await explain(choiceOf(command)));
      faults.push(...faultsIn(plans, most).map((fault) => `${JSON.stringify(query)} ${where} ${fault}`));
      if (cursor === null) break;
    }
    return faults;
  }

  it.each(['createdAt', 'name', 'email'].flatMap((sort) => [sort, `-${sort}`]))(
    'accounts by sort=%s, alone and with every filter, walk in an index',
    async (sort) => {
      const faults: string[] = [];
      for (const filter of [
        {},
        { q: 'zoe' },
        { disabled: 'true' },
        { disabled: 'false' },
        { role: 'admin' },
      ]) {
        const isAlone = Object.keys(filter).length === 0;
        const most = isAlone ? 2 * pageSize : scanBudget + pageSize;
        faults.push(...(await faultsOf('users', '/api/users', { sort, ...filter }, most)));
      }
      expect(faults).toEqual([]);
    },
  );

  it.each(['name', 'createdAt', 'updatedAt'].flatMap((sort) => [sort, `-${sort}`]))(
    'projects by sort=%s, alone and with every filter, look at no more than the person’s own',
    async (sort) => {
      const faults: string[] = [];
      for (const filter of [
        {},
        { status: 'active' },
        { status: 'archived' },
        { role: 'viewer' },
        { q: 'Project 1' },
        { deleted: 'true' },
      ])
        faults.push(...(await faultsOf('projects', '/api/projects', { sort, ...filter }, mine)));
      expect(faults).toEqual([]);
    },
  );
});

/** The reads of a list have an order; those of the session and of rights have none. */
const isWalk = (command: Record<string, unknown>): boolean => 'sort' in command || 'pipeline' in command;
