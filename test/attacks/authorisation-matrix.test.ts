import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel } from '../../src/events/index.ts';
import { routes } from '../app.ts';
import { expectedVerdicts, personas, type Target } from './expected-verdicts.ts';
import { reportProof } from './report.ts';
import { samples, sendSample } from './sample-requests.ts';
import { buildWorld, type World } from './world.ts';

const rehearsalId = 'rehearsal-';

let world: World;
const totals = { operations: 0, cells: 0, refusals: 0, 'dry runs': 0, mismatches: 0 };

beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.close());

describe('S01: every operation, persona and target gets the verdict written down for it', () => {
  it('every endpoint has a row and a sample', () => {
    const ids = routes.map(({ spec }) => spec.id);
    expect(ids.filter((id) => !(id in expectedVerdicts))).toEqual([]);
    expect(ids.filter((id) => !(id in samples))).toEqual([]);
  });

  it.each(routes.map((one) => [one.spec.id, one] as const))('%s', async (id, endpoint) => {
    const mismatches: string[] = [];
    // The keys of a row are targets.
    const rows = Object.entries(expectedVerdicts[id] ?? {}) as [Target, Record<string, number>][];
    totals.operations += 1;
    for (const [target, verdicts] of rows) {
      for (const persona of personas) {
        const aim = world.aim(target, persona);
        const sample = samples[id]?.({ world, aim, persona }) ?? {};
        const token = world.tokenOf(persona);
        if (endpoint.method !== 'get' && endpoint.spec.answersSecrets !== true) {
          const rehearsal = { ...sample, query: { ...sample.query, dryRun: 'true' } };
          const { status } = await sendSample(world, endpoint, rehearsal, token, {
            'x-request-id': `${rehearsalId}${String(totals['dry runs'])}`,
          });
          const tried = `dry run of ${id} by ${persona} on ${target}`;
          if (status !== verdicts[persona])
            mismatches.push(`${tried}: ${String(status)} instead of ${String(verdicts[persona])}`);
          mismatches.push(...(await storedAfter(tried)));
          totals['dry runs'] += 1;
        }
        const answer = await sendSample(world, endpoint, sample, token);
        const cell = `${id} by ${persona} on ${target}`;
        totals.cells += 1;
        if (answer.status !== verdicts[persona])
          mismatches.push(`${cell}: ${answer.status} instead of ${String(verdicts[persona])} ${answer.text}`);
        if (answer.status < 400) {
          if (endpoint.method !== 'get') await world.restore();
          continue;
        }
        totals.refusals += 1;
        // What cannot write is looked at once at the end.
        if (endpoint.method !== 'get') mismatches.push(...(await storedAfter(cell)));
      }
    }
    mismatches.push(...(await storedAfter(id)));
    totals.mismatches += mismatches.length;
    expect(mismatches).toEqual([]);
  });

  async function storedAfter(cell: string): Promise<string[]> {
    if (await world.isUntouched()) return [];
    await world.restore();
    return [`${cell}: refused or rehearsed, yet something was stored`];
  }

  it('no dry run announced anything', async () => {
    expect(totals['dry runs']).toBeGreaterThan(500);
    expect(await EventModel.countDocuments({ requestId: { $regex: `^${rehearsalId}` } })).toBe(0);
    expect(await EventModel.countDocuments()).toBeGreaterThan(100);
  });

  it('no answer and no log line held a secret or foreign text', async () => {
    const { leaks, answers, logLines } = await world.canaries();
    expect(leaks).toEqual([]);
    expect(answers).toBeGreaterThan(1_000);
    reportProof({
      id: 'S01',
      what: 'Every operation × persona × target gets the verdict of a table written by hand; a dry run the same; a refusal or dry run stores nothing',
      counts: totals,
    });
    reportProof({
      id: 'S03 in S01',
      what: 'No secret and no foreign text in any answer or log line of the matrix',
      counts: { answers, 'log lines': logLines, leaks: leaks.length },
    });
  });
});
