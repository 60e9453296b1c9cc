import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { startApp, type TestApp } from '../../test/app.ts';
import { eventually } from '../../test/eventually.ts';
import { unitOfWork, type Work } from '../db/unit-of-work.ts';
import {
  countJobs,
  defineJob,
  enqueue,
  parkedJobs,
  retryJob,
  startJobs,
  type JobCtx,
  type JobDefinition,
  type Jobs,
} from './index.ts';
import { JobModel } from './job.model.ts';

let api: TestApp;
const runners: Jobs[] = [];

beforeAll(async () => {
  api = await startApp({ ROLES: 'web' });
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
  await JobModel.deleteMany({});
});
afterAll(() => api.close());

const Payload = z.strictObject({ n: z.int() });
type Kind = JobDefinition<z.output<typeof Payload>, z.input<typeof Payload>>;

let kinds = 0;

/** A kind of its own for a test. */
function kind(run: (n: number, ctx: JobCtx) => Promise<void>, fields: Partial<Kind> = {}): Kind {
  kinds += 1;
  return defineJob(`kind-${String(kinds)}`, {
    schema: Payload,
    backoff: { firstMs: 10_000, mostMs: 40_000 },
    ...fields,
    run: ({ n }, ctx) => run(n, ctx),
  });
}

function hire(kinds: Kind[], options: { concurrency?: number; drainMs?: number } = {}): Jobs {
  const runner = startJobs({ deps: api.instance.deps, definitions: kinds, schedules: [], ...options });
  runners.push(runner);
  return runner;
}

const origin = { actorId: null, requestId: 'test', operationId: 'test', now: () => api.clock.now() };
const commit = (act: (work: Work) => Promise<void>): Promise<void> => unitOfWork(origin, act);
const add = (job: Kind, n = 0, options = {}): Promise<void> =>
  commit((work) => enqueue(work, job, { n }, options));
const stored = (job: Kind) => JobModel.find({ name: job.name }).lean();
const never = (): Promise<void> => new Promise(() => undefined);

/** Waits until every job of the kind is in this state. */
const untilAll = (job: Kind, state: string) =>
  eventually(async () => {
    const jobs = await stored(job);
    expect(jobs.map((one) => one.state)).toEqual(jobs.map(() => state));
    return jobs;
  });

describe('a job that is asked for', () => {
  const job = kind(never);

  it('exists when the unit of work that asked for it commits', async () => {
    await add(job, 7);
    expect(await stored(job)).toMatchObject([{ payload: { n: 7 }, state: 'waiting', attempts: 0 }]);
  });

  it('does not exist when the unit of work fails, before or within its transaction', async () => {
    const before = commit(async (work) => {
      await enqueue(work, job, { n: 1 });
      throw new Error('changed my mind');
    });
    await expect(before).rejects.toThrow('changed my mind');
    const within = commit(async (work) => {
      await enqueue(work, job, { n: 2 });
      // Without a name: the model refuses the event, and with it everything.
      work.record('', { subject: { type: 'none', id: 'none' } });
    });
    await expect(within).rejects.toThrow();
    expect(await stored(job)).toEqual([]);
  });

  it('is refused when its payload does not fit', async () => {
    await expect(add(job, 0.5)).rejects.toThrow();
    expect(await stored(job)).toEqual([]);
  });

  it('is one job when it has a key, however often and by however many at once it is asked for', async () => {
    await commit(async (work) => {
      await enqueue(work, job, { n: 1 }, { key: 'same' });
      await enqueue(work, job, { n: 2 }, { key: 'same' });
    });
    await add(job, 3, { key: 'same' });
    await Promise.all(Array.from({ length: 12 }, (_, n) => add(job, n, { key: 'rivals' })));
    const jobs = await stored(job);
    expect(jobs.map(({ key }) => key).sort()).toEqual([`${job.name}/rivals`, `${job.name}/same`]);
    expect(jobs.find(({ key }) => key.endsWith('same'))?.payload).toEqual({ n: 1 });
  });
});

describe('a job that is due', () => {
  it('starts at once in the process that asked for it, and within a second or so in another', async () => {
    const startedAfter: number[] = [];
    let askedAt = 0;
    const job = kind(async () => {
      startedAfter.push(performance.now() - askedAt);
    });
    hire([job]);
    await sleep(300);
    askedAt = performance.now();
    await add(job);
    await untilAll(job, 'done');
    // As another process would leave it: nobody rings.
    askedAt = performance.now();
    await JobModel.updateMany({ name: job.name }, { $set: { state: 'waiting', nextAt: new Date() } });
    await eventually(() => {
      expect(startedAfter).toHaveLength(2);
    });
    expect(startedAfter[0]).toBeLessThan(500);
    expect(startedAfter[1]).toBeLessThan(2_500);
  });

  it('waits for its time by the clock of the server', async () => {
    let runs = 0;
    const job = kind(async () => {
      runs += 1;
    });
    hire([job]);
    await add(job, 0, { runAt: new Date(api.clock.now().getTime() + 3_600_000) });
    await sleep(1_200);
    expect(runs).toBe(0);
    api.clock.advance(3_600_000);
    await untilAll(job, 'done');
    expect(runs).toBe(1);
  });

  it('is done once, however many processes look for it', async () => {
    const seen: number[] = [];
    const job = kind(async (n) => {
      seen.push(n);
    });
    for (let n = 0; n < 60; n += 1) await add(job, n);
    hire([job]);
    hire([job]);
    await untilAll(job, 'done');
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect((await stored(job)).every(({ attempts }) => attempts === 1)).toBe(true);
  });

  it('is left alone by processes that do not know its kind', async () => {
    const known = kind(async () => undefined);
    const foreign = kind(never);
    hire([known]);
    await add(foreign);
    await add(known);
    await untilAll(known, 'done');
    expect(await stored(foreign)).toMatchObject([{ state: 'waiting', attempts: 0 }]);
  });

  it('is found through an index, with one question a second while there is nothing to do', async () => {
    // The same condition as the claim, which `explain` does not take.
    const plan = JSON.stringify(
      await JobModel.collection
        .find({ nextAt: { $lte: new Date() } })
        .sort({ nextAt: 1 })
        .explain(),
    );
    if (inject('databaseEngine') !== 'secantusd-py') {
      expect(plan).toContain('IXSCAN');
      expect(plan).not.toContain('"stage":"SORT"');
    }
    hire([kind(never)]);
    await sleep(200);
    let asked = 0;
    const count = ({ commandName }: { commandName: string }): void => {
      if (commandName === 'findAndModify') asked += 1;
    };
    const client = mongoose.connection.getClient();
    client.on('commandStarted', count);
    await sleep(3_000);
    client.off('commandStarted', count);
    expect(asked).toBeGreaterThanOrEqual(1);
    expect(asked).toBeLessThanOrEqual(3);
  });
});

describe('the lease of a job', () => {
  it('is renewed while it runs: one that takes longer is done once', async () => {
    let runs = 0;
    const job = kind(
      async () => {
        runs += 1;
        await sleep(2_500);
      },
      { leaseMs: 600 },
    );
    await add(job);
    hire([job]);
    hire([job]);
    await sleep(500);
    await untilAll(job, 'done');
    expect(runs).toBe(1);
    expect(await stored(job)).toMatchObject([{ attempts: 1 }]);
  });

  it('holds by the clock of the database, though the clock of a server is a day ahead', async () => {
    let runs = 0;
    const job = kind(async () => {
      runs += 1;
      await sleep(1_500);
    });
    await add(job);
    hire([job]);
    await eventually(() => {
      expect(runs).toBe(1);
    });
    api.clock.advance(86_400_000);
    hire([job]);
    await untilAll(job, 'done');
    expect(runs).toBe(1);
  });

  it('was lost: the job is told to stop, and its result is discarded', async () => {
    let reason: unknown;
    const job = kind(
      async (_n, { signal }) => {
        await once(signal, 'abort');
        reason = signal.reason;
      },
      { leaseMs: 600 },
    );
    await add(job);
    hire([job]);
    await untilAll(job, 'running');
    const theirs = { lease: 'somebody else', leaseUntil: new Date(Date.now() + 60_000), nextAt: null };
    await JobModel.updateOne({ name: job.name }, { $set: theirs });
    await eventually(() => {
      expect(String(reason)).toContain('passed to another process');
    });
    await sleep(200);
    expect(await stored(job)).toMatchObject([{ state: 'running', lease: 'somebody else' }]);
  });
});

describe('a process that is killed in the middle of a job', () => {
  const root = join(import.meta.dirname, '../..');
  const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;

  /** Starts a process that does jobs of the kind `endless`; resolves when it has begun one. */
  async function beginEndless() {
    const uri = new URL(inject('databaseUri'));
    uri.pathname = `/${mongoose.connection.name}`;
    const child = spawn(
      process.execPath,
      ['--import', loader, join(import.meta.dirname, 'worker.fixture.ts'), uri.toString()],
      { env: {}, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const closed = once(child, 'close');
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    return {
      said: said.toString().trim(),
      kill: async () => {
        child.kill('SIGKILL');
        await closed;
      },
    };
  }

  it('has used up a try; another process takes the job over, and parks it when there is none left', async () => {
    const endless = defineJob('endless', { schema: z.strictObject({}), leaseMs: 600, run: never });
    await commit((work) => enqueue(work, endless, {}));
    const first = await beginEndless();
    await first.kill();
    expect(await JobModel.find().lean()).toMatchObject([{ state: 'running', attempts: 1 }]);
    const second = await beginEndless();
    await second.kill();
    expect([first.said, second.said]).toEqual(['try 1', 'try 2']);
    const last = defineJob('endless', { schema: z.strictObject({}), maxAttempts: 2, run: never });
    runners.push(startJobs({ deps: api.instance.deps, definitions: [last], schedules: [] }));
    await eventually(async () => {
      expect(await JobModel.find().lean()).toMatchObject([
        { state: 'parked', lastError: expect.stringContaining('without a word') },
      ]);
    });
  });
});

describe('a job that fails', () => {
  it('is tried again after a pause that doubles, then parked until somebody retries it', async () => {
    const tries: number[] = [];
    let isWell = false;
    const job = kind(
      async (_n, { attempt }) => {
        tries.push(attempt);
        if (!isWell) throw new Error('the printer is on fire');
      },
      { maxAttempts: 3 },
    );
    await add(job);
    hire([job]);
    for (const pauseMs of [10_000, 20_000]) {
      const [failed] = await eventually(async () => {
        const jobs = await stored(job);
        expect(jobs).toMatchObject([{ state: 'waiting', attempts: pauseMs / 10_000 }]);
        return jobs;
      });
      const waitMs = (failed?.nextAt?.getTime() ?? 0) - api.clock.now().getTime();
      expect(waitMs).toBeGreaterThan(pauseMs / 2 - 2_000);
      expect(waitMs).toBeLessThanOrEqual(pauseMs);
      api.clock.advance(pauseMs);
    }
    const [parked] = await untilAll(job, 'parked');
    expect(parked).toMatchObject({ attempts: 3, lastError: 'Error: the printer is on fire', nextAt: null });
    expect(await parkedJobs(10)).toMatchObject([{ name: job.name }]);
    expect(await countJobs()).toEqual({ waiting: 0, running: 0, done: 0, parked: 1 });
    expect(api.logLines.some((line) => /"level":"error".*too often and is parked/.test(line))).toBe(true);

    isWell = true;
    expect(await retryJob(String(parked?._id), api.clock.now())).toBe(true);
    await untilAll(job, 'done');
    expect(tries).toEqual([1, 2, 3, 1]);
    expect(await retryJob(String(parked?._id), api.clock.now())).toBe(false);
  });

  it('does not hold up the others', async () => {
    const job = kind(async (n) => {
      if (n === 0) throw new Error('no');
    });
    for (let n = 0; n < 5; n += 1) await add(job, n);
    hire([job], { concurrency: 1 });
    await eventually(async () => {
      expect(await countJobs()).toMatchObject({ waiting: 1, done: 4 });
    });
  });
});

describe('a process that stops', () => {
  it('lets running jobs finish and claims no more', async () => {
    const ended: number[] = [];
    const job = kind(async (n) => {
      await sleep(600);
      ended.push(n);
    });
    for (let n = 0; n < 4; n += 1) await add(job, n);
    const runner = hire([job], { concurrency: 2 });
    await eventually(async () => {
      expect(await countJobs()).toMatchObject({ running: 2 });
    });
    await runner.stop();
    expect(ended).toHaveLength(2);
    expect(await countJobs()).toMatchObject({ done: 2, waiting: 2, running: 0 });
  });

  it('hands back jobs that do not finish in time: others start at once, and the try does not count', async () => {
    const job = kind(never);
    await add(job);
    const runner = hire([job], { drainMs: 200 });
    await untilAll(job, 'running');
    await runner.stop();
    expect(await stored(job)).toMatchObject([{ state: 'waiting', attempts: 0, lease: null }]);
    hire([kind(never), job], { drainMs: 0 });
    await eventually(async () => {
      expect(await stored(job)).toMatchObject([{ state: 'running', attempts: 1 }]);
    }, 900);
  });
});
