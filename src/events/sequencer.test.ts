import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { startApp, type TestApp } from '../../test/app.ts';
import { eventually } from '../../test/eventually.ts';
import { tcpProxy } from '../../test/tcp-proxy.ts';
import { LeaseModel } from '../db/lease.ts';
import { startWorker, type Worker } from '../worker.ts';
import { EventModel } from './event.model.ts';
import { LogPositionModel } from './log-position.model.ts';

let api: TestApp;
const workers: Worker[] = [];

const launch = async (env: Record<string, string>, via?: { uri: string }): Promise<void> => {
  api = await startApp(env, via);
};

/** Another worker beside those of the app. */
function hire(): Worker {
  const worker = startWorker(api.instance.deps);
  workers.push(worker);
  return worker;
}

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await api.close();
});

/** Writes tasks of one new project, several at a time, through the given instances in turn. */
async function write(count: number, writers: number, through: readonly TestApp[] = [api]): Promise<void> {
  const { token } = await api.register();
  const project = await api.request('POST', '/api/projects', { token, body: { name: 'Log' } });
  const body = { projectId: project.body.id as string, title: 'Numbered' };
  let left = count;
  const writer = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const made = await through[left % through.length]?.request('POST', '/api/tasks', { token, body });
      expect(made?.status).toBe(201);
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
}

/** Waits until every event has a number; gives the ids in the order of the numbers, which must be 1, 2, 3 … */
async function numberedIds(withinMs?: number): Promise<string[]> {
  await eventually(async () => {
    expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
    // The position follows the numbers.
    const position = await LogPositionModel.findOne().lean();
    expect(position?.seq).toBe(await EventModel.countDocuments());
  }, withinMs);
  const events = await EventModel.find({}, { seq: 1 }).sort({ seq: 1 }).lean();
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  return events.map(({ _id }) => String(_id));
}

/** Watches the commits of events from now on; gives the ids of the next so many, in their order. */
async function watchCommits(): Promise<(count: number) => Promise<string[]>> {
  const stream = EventModel.collection.watch([{ $match: { operationType: 'insert' } }]);
  // Nothing is written yet: this only opens the stream.
  expect(await stream.tryNext()).toBeNull();
  return async (count) => {
    const ids: string[] = [];
    while (ids.length < count) {
      const change = await stream.next();
      if (change.operationType === 'insert') ids.push(String(change.documentKey._id));
    }
    await stream.close();
    return ids;
  };
}

const warnings = (): string[] =>
  api.logLines
    .map((line) => JSON.parse(line) as { level: string; msg: string })
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ msg }) => msg);

describe('the numbers of events', () => {
  it('follow the order of the commits without a gap, whoever writes where', async () => {
    await launch({});
    const commits = await watchCommits();
    const second = await api.second();
    await write(160, 16, [api, second]);
    const ids = await numberedIds();
    expect(ids).toEqual(await commits(162));
    expect(warnings()).toEqual([]);
  });

  it('are given soon after the commit', async () => {
    await launch({});
    await write(1, 1);
    await numberedIds();
    await write(1, 1);
    const startedAt = performance.now();
    await numberedIds();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('without the sequencer', () => {
  beforeEach(() => launch({ ROLES: 'web' }));

  it('writes go on; a later one goes on where the last stopped, in the order of the commits', async () => {
    const first = hire();
    await write(5, 1);
    await numberedIds();
    await first.stop();
    const commits = await watchCommits();
    await write(40, 8);
    expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(42);
    hire();
    const ids = await numberedIds();
    expect(ids.slice(-42)).toEqual(await commits(42));
    expect(warnings()).toEqual([]);
  });

  it.each([
    ['unknown to the server', { _data: '820000' }],
    ['not a place at all', 'nonsense'],
    ['missing', null],
  ])('events are searched when the stored place is %s', async (_what, token) => {
    const first = hire();
    await write(3, 1);
    const before = await numberedIds();
    await first.stop();
    await LogPositionModel.updateOne({ _id: 'sequencer' }, { token });
    await write(20, 4);
    hire();
    const after = await numberedIds();
    expect(after.slice(0, before.length)).toEqual(before);
    await write(5, 1);
    expect((await numberedIds()).slice(0, after.length)).toEqual(after);
    await eventually(async () => {
      const position = await LogPositionModel.findOne().lean();
      expect(position?.token).toMatchObject({ _data: expect.stringMatching(/^[0-9A-F]{20,}$/i) });
    });
  });

  it('a position that was not stored is found again, and what has a number keeps it', async () => {
    const first = hire();
    await write(3, 1);
    const early = await LogPositionModel.findOne().lean();
    await eventually(async () => {
      expect((await LogPositionModel.findOne().lean())?.seq).toBe(5);
    });
    await write(10, 2);
    const before = await numberedIds();
    await first.stop();
    // As if the process had died after numbering and before storing how far it came.
    await LogPositionModel.updateOne({ _id: 'sequencer' }, { seq: early?.seq ?? 0, token: early?.token });
    await write(10, 2);
    hire();
    expect((await numberedIds()).slice(0, before.length)).toEqual(before);
  });
});

describe('two sequencers', () => {
  it('at once give each number once', async () => {
    await launch({ ROLES: 'web' });
    hire();
    hire();
    let isOver = false;
    // Whoever leads goes on believing so until it renews, while the other one takes over.
    const robbing = (async () => {
      while (!isOver) {
        await LeaseModel.updateMany({}, { owner: null, until: new Date(0) });
        await sleep(50);
      }
    })();
    await write(300, 8);
    isOver = true;
    await robbing;
    expect((await numberedIds(20_000)).length).toBe(302);
  });
});

describe('when the database comes back', () => {
  it('numbering goes on by itself, and no promise was left alone', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const uri = new URL(inject('databaseUri'));
    const proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
    uri.host = `127.0.0.1:${String(proxy.port)}`;
    uri.searchParams.set('directConnection', 'true');
    await launch({ DB_SERVER_SELECTION_TIMEOUT_MS: '500' }, { uri: uri.toString() });
    await write(5, 1);
    await numberedIds();
    await proxy.die();
    await sleep(3_000);
    await proxy.revive();
    await eventually(() => mongoose.connection.db?.command({ ping: 1 }));
    await write(10, 2);
    await numberedIds(15_000);
    await api.close();
    await proxy.close();
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
    await launch({});
  });
});
