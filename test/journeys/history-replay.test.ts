import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { reportProof } from '../faults/report.ts';
import { makeCast, type Cast } from '../scene.ts';
import { actOut, anyAct, replay, settledLog, storedModel } from './history-replay.ts';

let api: TestApp;
let apps: TestApp[];
let cast: Cast;
beforeAll(async () => {
  api = await startApp({ RATE_LIMIT_PER_MINUTE: '0' });
  apps = [api, await api.second()];
  cast = await makeCast(api);
});
afterAll(() => api.close());

describe('R15: the log', () => {
  it(
    'replayed into nothing is what the database holds, whatever several writers did',
    { timeout: 180_000 },
    async () => {
      const counts = { histories: 0, acts: 0, events: 0, differences: 0 };
      const history = fc.array(anyAct, { minLength: 10, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(history, fc.integer({ min: 1, max: 6 }), async (acts, writers) => {
          const projectId = await actOut(apps, cast, acts, writers);
          const log = await settledLog(projectId);
          expect(replay(log)).toEqual(await storedModel(projectId));
          counts.histories += 1;
          counts.acts += acts.length;
          counts.events += log.length;
        }),
        { numRuns: 12, endOnFailure: true },
      );
      reportProof({
        id: 'R15 replay',
        what: 'Random histories of several writers at two processes; the numbered log, replayed into nothing, equals the database',
        counts,
      });
    },
  );
});
