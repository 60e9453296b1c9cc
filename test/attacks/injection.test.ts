import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/http/endpoint.ts';
import { routes, type Answer } from '../app.ts';
import { inputsOf, nameOf, withValue, without, type InputField } from './inputs.ts';
import { payloads } from './payloads.ts';
import { reportProof } from './report.ts';
import { inQuery, rightfulSender, rightfulTarget, samples, sendSample } from './sample-requests.ts';
import { buildWorld, inBatches, type World } from './world.ts';

let world: World;
const totals = { inputs: 0, payloads: payloads.length, requests: 0, '5xx': 0 };

beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.close());

const plainNonMatch = (field: InputField): string => (field.isId ? 'dddddddddddddddddddddddd' : 'zqxnosuch');

/** What is compared: the class of the status, and whether a list found anything. */
function outcomeOf({ status, body }: Answer): string {
  const found: unknown = status === 200 ? body?.items?.length : undefined;
  return `${Math.floor(status / 100)}xx${typeof found === 'number' && found > 0 ? ' with items' : ''}`;
}

/** Values that are right in their place, so that they cannot be an attack there. */
function isRightThere({ where, path, nullable }: InputField, value: unknown): boolean {
  const name = path.at(-1) ?? '';
  if (value === null) return nullable && where === 'body';
  if (where !== 'query') return false;
  const isFlag = ['true', 'false', true, false].includes(value as string | boolean);
  return (
    (name === 'limit' && typeof value === 'number') ||
    (isFlag && ['count', 'deleted', 'overdue', 'disabled'].includes(name)) ||
    // An empty list leaves no trace in a query.
    inQuery(name, value).length === 0
  );
}

describe('S05: hostile values in every text and id', () => {
  it.each(routes.map((one) => [one.spec.id, one] as const))('%s', async (id, endpoint) => {
    const mismatches: string[] = [];
    for (const field of inputsOf(endpoint.spec)) {
      totals.inputs += 1;
      mismatches.push(...(await attack(id, endpoint, field)));
    }
    expect(mismatches).toEqual([]);
  });

  async function attack(id: string, endpoint: Endpoint, field: InputField): Promise<string[]> {
    const persona = id === 'getUser' ? 'admin' : rightfulSender(id);
    const token = world.tokenOf(persona);
    const send = async (value: unknown): Promise<Answer> => {
      const aim = world.aim(rightfulTarget(id), persona);
      const sample = without(samples[id]?.({ world, aim, persona }) ?? {}, field);
      return sendSample(world, endpoint, withValue(sample, field, value), token);
    };
    const plain = await send(plainNonMatch(field));
    const wanted = outcomeOf(plain);
    if (plain.status < 400) await world.restore();
    const mismatches: string[] = [];
    const one = async ([label, value]: readonly [string, unknown]): Promise<void> => {
      if (isRightThere(field, value)) return;
      const answer = await send(value);
      totals.requests += 1;
      const outcome = outcomeOf(answer);
      if (outcome === '5xx') totals['5xx'] += 1;
      // What a field of free text does not take is refused.
      if (outcome !== wanted && outcome !== '4xx')
        mismatches.push(`${id} ${nameOf(field)} ${label}: ${outcome} instead of ${wanted} ${answer.text}`);
      // A new password would spoil the next request.
      if (answer.status < 400 && id === 'changePassword') await world.restore();
    };
    const mayWrite = endpoint.method !== 'get' && !wanted.startsWith('4');
    if (mayWrite) for (const payload of payloads) await one(payload);
    else await inBatches(payloads, one);
    if (!mayWrite && !(await world.isUntouched()))
      mismatches.push(`${id} ${nameOf(field)}: something was stored`);
    await world.restore();
    return mismatches.map((text) => text.slice(0, 600));
  }

  it('reached every input and leaked nothing', async () => {
    const { leaks, answers, logLines } = await world.canaries();
    expect(leaks).toEqual([]);
    expect(payloads.length).toBeGreaterThanOrEqual(60);
    expect(totals.inputs).toBeGreaterThan(60);
    reportProof({
      id: 'S05',
      what: 'Every text and id input × hostile values: no 5xx, the same class of answer as a plain non-match',
      counts: totals,
    });
    reportProof({
      id: 'S03 in S05',
      what: 'No secret and no foreign text in any answer or log line of the injections',
      counts: { answers, 'log lines': logLines, leaks: leaks.length },
    });
  });
});
