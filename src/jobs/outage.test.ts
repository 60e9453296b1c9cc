import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { startApp, type TestApp } from '../../test/app.ts';
import { eventually } from '../../test/eventually.ts';
import { tcpProxy, type TcpProxy } from '../../test/tcp-proxy.ts';
import { unitOfWork } from '../db/unit-of-work.ts';
import { defineJob, enqueue, startJobs, Tick, type Jobs, type Schedule } from './index.ts';
import { JobModel, ScheduleModel } from './job.model.ts';

let proxy: TcpProxy;
let api: TestApp;
let runner: Jobs;
const rejections: unknown[] = [];
const note = (reason: unknown): void => void rejections.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  const uri = new URL(inject('databaseUri'));
  proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
  uri.host = `127.0.0.1:${String(proxy.port)}`;
  uri.searchParams.set('directConnection', 'true');
  api = await startApp({ ROLES: 'web', DB_SERVER_SELECTION_TIMEOUT_MS: '500' }, { uri: uri.toString() });
});
afterAll(async () => {
  await runner.stop();
  await api.close();
  await proxy.close();
  process.off('unhandledRejection', note);
});

it('an outage of the database is outlived: running jobs are written down or done again, and the work goes on', async () => {
  const begun: string[] = [];
  const Payload = z.strictObject({ id: z.string(), ms: z.int() });
  const job = defineJob('slow', {
    schema: Payload,
    leaseMs: 3_000,
    run: async ({ id, ms }) => {
      begun.push(id);
      await sleep(ms);
    },
  });
  const ticked = defineJob('ticked', { schema: Tick, run: async () => void begun.push('tick') });
  const schedules: Schedule[] = [{ name: 'often', cron: '* * * * *', job: ticked }];
  runner = startJobs({ deps: api.instance.deps, definitions: [job, ticked], schedules });
  const add = (id: string, ms: number): Promise<void> =>
    unitOfWork({ actorId: null, requestId: 't', operationId: 't', now: () => api.clock.now() }, (work) =>
      enqueue(work, job, { id, ms }),
    );
  await eventually(async () => {
    expect(await ScheduleModel.countDocuments()).toBe(1);
  });
  await add('ends in the outage', 700);
  await eventually(() => {
    expect(begun).toHaveLength(1);
  });
  await proxy.die();
  api.clock.advance(60_000);
  await sleep(2_500);
  await proxy.revive();
  await eventually(() => add('comes after the outage', 0));
  await eventually(async () => {
    const jobs = await JobModel.find().lean();
    expect(jobs.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  }, 20_000);
  expect(begun.filter((id) => id === 'tick')).toHaveLength(1);
  // It ended before its lease did, so nobody had to do it again.
  expect(begun.filter((id) => id === 'ends in the outage')).toHaveLength(1);
  expect(rejections).toEqual([]);
  const warnings = api.logLines.filter((line) => line.includes('cannot be claimed'));
  expect(warnings.length).toBeLessThanOrEqual(4);
});
