import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from '../app.ts';
import { inputsOf, nameOf, withValue, without, type InputField } from './inputs.ts';
import { reportProof } from './report.ts';
import { rightfulSender, rightfulTarget, samples, sendSample } from './sample-requests.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
const totals = { 'reference fields': 0, requests: 0, writes: 0 };

beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.close());

type Kind = 'project' | 'task' | 'user' | 'session';

/** Which kind of thing an id names, by operation and field, written by hand. */
function kindOf(operation: string, { path }: InputField): Kind {
  const name = path.filter((part) => part !== '*').at(-1) ?? '';
  if (['userId', 'assigneeId', 'createdBy', 'ownerId', 'collaboratorIds'].includes(name)) return 'user';
  if (['before', 'after'].includes(name)) return 'task';
  if (name === 'projectId' || operation === 'readTaskByKey') return 'project';
  if (/Session$/.test(operation)) return 'session';
  if (/User$/.test(operation)) return 'user';
  return /Task(Activity)?$/.test(operation) ? 'task' : 'project';
}

/** Well-formed ids that name nothing the sender may use there. */
function strangeIds(kind: Kind): Record<string, string> {
  const { other, deleted, live, people } = world;
  const foreign = {
    project: other.id,
    task: other.task.id,
    user: people.foreignOwner.user.id,
    session: world.aim('session of another', 'owner').sessionId,
  };
  const gone = {
    project: deleted.id,
    task: live.trashed.id,
    user: people.goneUser.user.id,
    session: 'cccccccccccccccccccccccc',
  };
  const otherType = { project: live.task.id, task: live.id, user: live.id, session: people.owner.user.id };
  return {
    foreign: foreign[kind],
    deleted: gone[kind],
    'in a deleted project': kind === 'task' ? deleted.task.id : gone[kind],
    random: 'dddddddddddddddddddddddd',
    'of another type': otherType[kind],
  };
}

/** Values that are no id at all; in a URL objects are written in brackets. */
const shapes = (id: string): Record<string, unknown> => ({
  'upper case': 'ABCDEFABCDEFABCDEFABCDEF',
  'too long': `${id}0`,
  'with a space': ` ${id}`,
  'with NUL': `${id}\0`,
  array: [id, id],
  'nested array': [[id]],
  operator: { $ne: null },
  'operator with id': { $in: [id] },
  'extended JSON': { $oid: id },
  number: 12,
  boolean: true,
  'empty text': '',
});

/** Where the contract lets a strange but existing thing through, written by hand. */
const allowed: Record<string, Partial<Record<string, number>>> = {
  // Anyone who is registered can be added.
  'addMember body/userId': { foreign: 201 },
  'createProject body/collaboratorIds/*': { foreign: 201 },
  // Administrators see every account.
  'getUser params/id': { foreign: 200 },
  'administerUser params/id': { foreign: 200 },
  // A restored task comes from the trash, a project likewise.
  'restoreTask params/id': { deleted: 200 },
  // Its history stays readable.
  'listTaskActivity params/id': { deleted: 200 },
  'restoreProject params/id': { deleted: 200, 'in a deleted project': 200 },
};

/** What a strange id in this place must give; a filter on people simply finds nothing. */
function statusFor(field: InputField): number[] {
  if (field.where === 'params') return [404];
  if (field.where === 'body') return [422];
  return nameOf(field) === 'query/projectId' ? [404] : [200];
}

describe('S02: every id replaced by one that does not belong there', () => {
  it.each(routes.map((one) => [one.spec.id, one] as const))('%s', async (id, endpoint) => {
    const persona = id === 'getUser' ? 'admin' : rightfulSender(id);
    const token = world.tokenOf(persona);
    const mismatches: string[] = [];
    const attack = async (field: InputField, label: string, value: unknown, statuses: number[]) => {
      const aim = world.aim(rightfulTarget(id), persona);
      const sample = without(samples[id]?.({ world, aim, persona }) ?? {}, field);
      const answer = await sendSample(world, endpoint, withValue(sample, field, value), token);
      totals.requests += 1;
      const name = `${id} ${nameOf(field)} ${label}`;
      if (!statuses.includes(answer.status))
        mismatches.push(`${name}: ${answer.status} instead of ${String(statuses)} ${answer.text}`);
      if (answer.status < 400 && endpoint.method !== 'get') return world.restore();
      const mayFind = allowed[`${id} ${nameOf(field)}`]?.[label] === 200;
      if (
        answer.status === 200 &&
        !mayFind &&
        Array.isArray(answer.body?.items) &&
        answer.body.items.length > 0
      )
        mismatches.push(`${name}: found ${answer.text}`);
      if (await world.isUntouched()) return;
      totals.writes += 1;
      mismatches.push(`${name}: wrote`);
      await world.restore();
    };
    for (const field of inputsOf(endpoint.spec).filter((one) => one.isId)) {
      totals['reference fields'] += 1;
      const exceptions = allowed[`${id} ${nameOf(field)}`] ?? {};
      const ids = strangeIds(kindOf(id, field));
      for (const [label, value] of Object.entries(ids)) {
        const exception = exceptions[label];
        await attack(field, label, value, exception === undefined ? statusFor(field) : [exception]);
      }
      const malformed = field.where === 'params' ? [404] : [400];
      for (const [label, value] of Object.entries(shapes(world.live.id))) {
        // A repeatable filter takes two ids, and a query cannot nest them.
        const isRepeated = /array/.test(label) && field.where === 'query' && field.path.length > 1;
        if (label === 'nested array' && field.where === 'query') continue;
        await attack(field, label, value, isRepeated ? [200] : malformed);
      }
    }
    expect(mismatches).toEqual([]);
  });

  it('two ids of one path must belong together', async () => {
    const { live, other, people } = world;
    const token = people.owner.token;
    for (const [method, path] of [
      ['GET', `/api/projects/${live.id}/tasks/by-key/${other.task.key}`],
      ['GET', `/api/projects/${other.id}/tasks/by-key/${live.task.key}`],
      ['PATCH', `/api/projects/${live.id}/members/${people.foreignOwner.user.id}`],
      ['DELETE', `/api/projects/${live.id}/members/${people.foreignOwner.user.id}`],
      ['DELETE', `/api/projects/${other.id}/members/${people.owner.user.id}`],
    ] as const) {
      const body = method === 'PATCH' ? { role: 'viewer' } : undefined;
      expect([path, (await world.request(method, path, { token, body })).status]).toEqual([path, 404]);
    }
    expect(await world.isUntouched()).toBe(true);
  });

  it('no answer and no log line held a secret or foreign text', async () => {
    const { leaks, answers, logLines } = await world.canaries();
    expect(leaks).toEqual([]);
    expect(totals['reference fields']).toBeGreaterThan(20);
    reportProof({
      id: 'S02',
      what: 'Every id in path, query and body replaced by a foreign, deleted, random or mistyped one: refused or empty, nothing written',
      counts: totals,
    });
    reportProof({
      id: 'S03 in S02',
      what: 'No secret and no foreign text in any answer or log line of the replaced ids',
      counts: { answers, 'log lines': logLines, leaks: leaks.length },
    });
  });
});
