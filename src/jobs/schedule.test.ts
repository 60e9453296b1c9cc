import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp, type TestApp } from '../../test/app.ts';
import { eventually } from '../../test/eventually.ts';
import { defineJob, startJobs, Tick, type Jobs, type Schedule } from './index.ts';
import { JobModel, ScheduleModel } from './job.model.ts';

let api: TestApp;
const runners: Jobs[] = [];
const hourMs = 3_600_000;

beforeAll(async () => {
  api = await startApp({ ROLES: 'web' });
});
afterEach(dismiss);
afterAll(() => api.close());

async function dismiss(): Promise<void> {
  await Promise.all(runners.splice(0).map((runner) => runner.stop()));
}

let made = 0;

/** A schedule of its own, and the ticks its jobs were given. */
function hourly() {
  made += 1;
  const ticks: string[] = [];
  const job = defineJob(`tick-${String(made)}`, {
    schema: Tick,
    run: async ({ tick }) => void ticks.push(tick),
  });
  return { ticks, schedule: { name: `hourly-${String(made)}`, cron: '0 * * * *', job } };
}

function hire(schedule: Schedule): void {
  const deps = api.instance.deps;
  runners.push(startJobs({ deps, definitions: [schedule.job], schedules: [schedule] }));
}

/** Waits until the schedule has a place. */
const begun = (schedule: Schedule) =>
  eventually(async () => {
    expect(await ScheduleModel.exists({ _id: schedule.name })).not.toBeNull();
  });

it('a schedule fires once per tick, however many processes know it; a new one begins with its next tick', async () => {
  const { schedule, ticks } = hourly();
  hire(schedule);
  hire(schedule);
  await begun(schedule);
  expect(ticks).toEqual([]);
  for (let hour = 1; hour <= 3; hour += 1) {
    api.clock.advance(hourMs);
    await eventually(() => {
      expect(ticks).toHaveLength(hour);
    });
    await sleep(1_100);
    expect(ticks).toHaveLength(hour);
  }
  expect(new Set(ticks).size).toBe(3);
  expect(ticks.every((tick) => tick.endsWith(':00:00.000Z'))).toBe(true);
  expect(await JobModel.countDocuments({ name: schedule.job.name })).toBe(3);
});

it('ticks that were missed while nobody ran are caught up once', async () => {
  const { schedule, ticks } = hourly();
  hire(schedule);
  await begun(schedule);
  await dismiss();
  api.clock.advance(50 * hourMs);
  hire(schedule);
  hire(schedule);
  await eventually(() => {
    expect(ticks).toHaveLength(1);
  });
  await sleep(1_200);
  expect(ticks).toHaveLength(1);
  const lateMs = api.clock.now().getTime() - Date.parse(ticks[0] ?? '');
  expect(lateMs).toBeLessThan(hourMs + 5_000);
});

it('a schedule whose jobs nobody does is a mistake that shows at the start', () => {
  const { schedule } = hourly();
  const start = () => startJobs({ deps: api.instance.deps, definitions: [], schedules: [schedule] });
  expect(start).toThrow('makes jobs that nobody does');
});
