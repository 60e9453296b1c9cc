import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../../test/app.ts';
import { eventually } from '../../test/eventually.ts';
import { startWorker, type Worker } from '../worker.ts';
import { EventModel } from './event.model.ts';
import { follow, type Follower } from './follow.ts';
import { followerStates, replayFollower, unparkEvents } from './follower-desk.ts';
import { FollowerModel, ParkedEventModel } from './follower.model.ts';

let api: TestApp;
let person: Person;
let projectId: string;
const workers: Worker[] = [];

beforeAll(async () => {
  api = await startApp({ ROLES: 'web' });
  person = await api.register();
  const { token } = person;
  projectId = (await api.request('POST', '/api/projects', { token, body: { name: 'P' } })).body.id;
});

afterEach(dismiss);

afterAll(async () => {
  await api.close();
});

function hire(...followers: Follower[]): Worker {
  const worker = startWorker(api.instance.deps, { followers, firstPauseMs: 1 });
  workers.push(worker);
  return worker;
}

async function dismiss(): Promise<void> {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
}

/** Makes tasks one after the other. */
async function writeTasks(...titles: string[]): Promise<void> {
  for (const title of titles) {
    const body = { projectId, title };
    expect((await api.request('POST', '/api/tasks', { token: person.token, body })).status).toBe(201);
  }
}

let made = 0;

/** A follower that writes down the titles of new tasks, and fails on those it is told to. */
function scribe(fields: Partial<Follower> = {}, fails: (title: string) => boolean = () => false) {
  made += 1;
  const seen: string[] = [];
  const follower = follow(`scribe-${String(made)}`, {
    on: ['task.created'],
    from: 'head',
    maxAttempts: 3,
    ...fields,
    handle: ({ data }) => {
      const title = String(data['title']);
      seen.push(title);
      return fails(title) ? Promise.reject(new Error(`not ${title}`)) : Promise.resolve();
    },
  });
  return { follower, seen };
}

/** Waits until the follower has come to the end of the log. */
const untilDone = (follower: Follower) =>
  eventually(async () => {
    expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
    expect(await followerStates([follower])).toMatchObject([{ seq: expect.any(Number), lag: 0 }]);
  });

/** Gives a new follower its place at the present end of the log. */
async function settle(follower: Follower): Promise<void> {
  const place = await FollowerModel.exists({ _id: follower.name });
  expect(place).toBeNull();
  hire(follower);
  await untilDone(follower);
}

describe('a follower', () => {
  it('hears of every event with its names, in order and once', async () => {
    const { follower, seen } = scribe();
    await writeTasks('before it existed');
    hire();
    await eventually(async () => {
      expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
    });
    await settle(follower);
    await writeTasks('one', 'two', 'three');
    await api.request('PATCH', `/api/projects/${projectId}`, { token: person.token, body: { name: 'Q' } });
    await untilDone(follower);
    expect(seen).toEqual(['one', 'two', 'three']);
  });

  it('begins with the first event when that is declared', async () => {
    const names: string[] = [];
    const follower = follow('from-the-start', {
      from: 'start',
      handle: ({ name }) => {
        names.push(name);
        return Promise.resolve();
      },
    });
    hire(follower);
    await untilDone(follower);
    expect(names.slice(0, 2)).toEqual(['user.registered', 'project.created']);
    expect(names).toHaveLength(await EventModel.countDocuments());
  });

  it('goes on where it was after a stop, and catches up with what it missed', async () => {
    const { follower, seen } = scribe();
    await settle(follower);
    await writeTasks('a');
    await untilDone(follower);
    await dismiss();
    await writeTasks('b', 'c');
    hire(follower);
    await untilDone(follower);
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  it('is led by one of several workers', async () => {
    const { follower, seen } = scribe();
    await settle(follower);
    hire(follower);
    hire(follower);
    await writeTasks('x', 'y', 'z');
    await untilDone(follower);
    expect(seen).toEqual(['x', 'y', 'z']);
    expect(await followerStates([follower])).toMatchObject([{ owner: expect.any(String) }]);
  });

  it('tries again when it fails, and nothing overtakes', async () => {
    let failures = 2;
    const { follower, seen } = scribe({}, (title) => title === 'hard' && (failures -= 1) >= 0);
    await settle(follower);
    await writeTasks('hard', 'easy');
    await untilDone(follower);
    expect(seen).toEqual(['hard', 'hard', 'hard', 'easy']);
    expect(await ParkedEventModel.countDocuments({ follower: follower.name })).toBe(0);
  });

  it('counts its failures on over a restart', async () => {
    const { follower, seen } = scribe({ maxAttempts: 40 }, (title) => title === 'stuck');
    await settle(follower);
    await writeTasks('stuck');
    await eventually(() => {
      expect(seen.length).toBeGreaterThan(2);
    });
    await dismiss();
    const place = await FollowerModel.findOne({ _id: follower.name }).lean();
    expect(place?.failing?.attempts).toBeGreaterThanOrEqual(2);
  });
});

describe('an event that cannot be handled', () => {
  it('is set aside after the last try, with its reason, and the others go on', async () => {
    const isMended = { value: false };
    const { follower, seen } = scribe({}, (title) => title.startsWith('bad') && !isMended.value);
    await settle(follower);
    await writeTasks('bad 1', 'good', 'bad 2');
    await untilDone(follower);
    expect(seen).toEqual(['bad 1', 'bad 1', 'bad 1', 'good', 'bad 2', 'bad 2', 'bad 2']);
    const parked = await ParkedEventModel.find({ follower: follower.name }).sort({ seq: 1 }).lean();
    const events = await EventModel.find({ 'data.title': /^bad/ }).sort({ seq: 1 }).lean();
    expect(parked).toMatchObject(
      events.map(({ _id, seq }, index) => ({
        eventId: _id,
        seq,
        name: 'task.created',
        attempts: 3,
        error: expect.stringContaining(`Error: not bad ${String(index + 1)}`),
      })),
    );
    expect(await followerStates([follower])).toMatchObject([{ parked: 2, lag: 0 }]);
    expect(api.logLines.filter((line) => line.includes('has set an event aside'))).toHaveLength(2);

    // Run again by the operator: in vain, then one, then the rest in order.
    seen.length = 0;
    const ctx = { ...api.instance.deps, now: () => new Date(), signal: new AbortController().signal };
    expect(await unparkEvents(follower, undefined, ctx)).toMatchObject({
      done: 0,
      failed: [{ error: 'not bad 1' }, { error: 'not bad 2' }],
    });
    expect(await ParkedEventModel.findOne({ seq: parked[0]?.seq ?? 0 }).lean()).toMatchObject({
      attempts: 4,
    });
    isMended.value = true;
    expect(await unparkEvents(follower, String(parked[1]?.eventId), ctx)).toEqual({ done: 1, failed: [] });
    expect(await unparkEvents(follower, undefined, ctx)).toEqual({ done: 1, failed: [] });
    expect(seen).toEqual(['bad 1', 'bad 2', 'bad 2', 'bad 1']);
    expect(await ParkedEventModel.countDocuments({ follower: follower.name })).toBe(0);
  });
});

describe('replaying', () => {
  it('runs the log again from an event on, also under a running worker', async () => {
    const { follower, seen } = scribe();
    await settle(follower);
    await writeTasks('r1', 'r2');
    await untilDone(follower);
    const event = await EventModel.findOne({ 'data.title': 'r1' }).lean();
    await replayFollower(follower, event?.seq ?? 0);
    await eventually(() => {
      expect(seen).toEqual(['r1', 'r2', 'r1', 'r2']);
    });
  });
});

describe('metrics', () => {
  it('tell how far numbering and followers are behind', async () => {
    await writeTasks('unnumbered');
    const { text } = await api.request('GET', '/metrics');
    expect(text).toMatch(/event_log_sequencer_lag_seconds [0-9.e-]+\n/);
    expect(text).toMatch(/event_log_follower_lag_events\{follower="unassign-removed-members"\} \d+\n/);
    expect(text).toMatch(/event_log_follower_parked_events\{follower="unassign-removed-members"\} 0\n/);
  });
});
