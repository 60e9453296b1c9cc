import type { SchemaType } from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { models } from '../../src/app.ts';
import { routes } from '../app.ts';
import { reportProof } from './report.ts';
import { rightfulSender, rightfulTarget, samples, sendSample } from './sample-requests.ts';
import { buildWorld, inBatches, type World } from './world.ts';

let world: World;
const totals = { 'stored properties': 0, writes: 0, requests: 0, accepted: 0 };

beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.close());

/** A value that would be a change, in the property's own type. */
function changedValue({ instance }: SchemaType): unknown {
  const values: Record<string, unknown> = {
    Number: 4711,
    Boolean: true,
    Date: '2020-02-02T02:02:02.000Z',
    ObjectId: 'eeeeeeeeeeeeeeeeeeeeeeee',
    Array: ['admin'],
    DocumentArray: [{ userId: 'eeeeeeeeeeeeeeeeeeeeeeee', role: 'owner', since: '2020-02-02T02:02:02.000Z' }],
  };
  return values[instance] ?? 'admin';
}

/** Every property of every collection, by its top name and as dotted paths and operators would reach it. */
function storedProperties(): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { schema } of models) {
    schema.eachPath((path, type) => found.set(path.split('.')[0] ?? path, changedValue(type)));
  }
  const roles = { $set: { roles: ['admin'] }, 'members.0.role': 'owner', 'members.$[].role': 'owner' };
  const others = {
    $inc: { version: 1 },
    $unset: { deletedAt: 1 },
    'statuses.0.key': 'x',
    'roles.0': 'admin',
  };
  const usual = {
    __v: 1,
    isAdmin: true,
    admin: true,
    ownerId: 'eeeeeeeeeeeeeeeeeeeeeeee',
    id: 'e'.repeat(24),
  };
  for (const [name, value] of Object.entries({ ...roles, ...others, ...usual })) found.set(name, value);
  return found;
}

/** PUT takes along what GET gave; the contract ignores these, so only their effect is judged. */
const ignoredByPut: Record<string, string[]> = {
  replaceProject: ['collaboratorIds', 'statuses', 'role', 'can', 'updatedAt', 'deletedAt'],
  replaceTask: ['key', 'number', 'category', 'rank', 'completedAt', 'can', 'updatedAt', 'deletedAt'],
};

/** PUT compares these with what is stored: refused as stale or as unchangeable instead of unknown. */
const comparedByPut: Record<string, Record<string, number>> = {
  replaceProject: { version: 412, id: 422, ownerId: 422, createdAt: 422 },
  replaceTask: { version: 412, id: 422, projectId: 422, createdBy: 422, createdAt: 422 },
};

/** What may be written, by hand from the contract. */
const writable: Record<string, string[]> = {
  register: ['name', 'email', 'password'],
  login: ['email', 'password'],
  refresh: ['refreshToken'],
  changePassword: ['currentPassword', 'newPassword'],
  updateMe: ['name', 'avatar', 'timeZone', 'email', 'currentPassword'],
  deleteMe: ['currentPassword'],
  administerUser: ['roles', 'disabled'],
  createProject: ['name', 'description', 'key', 'status', 'collaboratorIds'],
  updateProject: ['name', 'description', 'key', 'status'],
  replaceProject: ['name', 'description', 'key', 'status'],
  transferProject: ['userId'],
  addMember: ['email', 'userId', 'role'],
  updateMember: ['role'],
  createTask: ['projectId', 'title', 'description', 'status', 'priority', 'assigneeId', 'dueDate'],
  updateTask: ['title', 'description', 'status', 'priority', 'assigneeId', 'dueDate'],
  replaceTask: ['title', 'description', 'status', 'priority', 'assigneeId', 'dueDate'],
  moveTask: ['status', 'before', 'after'],
};

const writes = routes.filter(({ method }) => method !== 'get');

describe('S04: stored properties that are no input', () => {
  it.each(writes.map((one) => [one.spec.id, one] as const))('%s', async (id, endpoint) => {
    const persona = rightfulSender(id);
    const properties = storedProperties();
    totals['stored properties'] = properties.size;
    totals.writes += 1;
    const mismatches: string[] = [];
    const send = async ([property, value]: [string, unknown]): Promise<void> => {
      const aim = world.aim(rightfulTarget(id), persona);
      const sample = samples[id]?.({ world, aim, persona }) ?? {};
      const body = { ...(sample.body ?? {}), [property]: value };
      const answer = await sendSample(world, endpoint, { ...sample, body }, world.tokenOf(persona));
      totals.requests += 1;
      const wanted = comparedByPut[id]?.[property] ?? 400;
      if (answer.status === wanted) return;
      totals.accepted += answer.status < 400 ? 1 : 0;
      mismatches.push(`${id} with ${property}: ${answer.status} instead of ${wanted} ${answer.text}`);
    };
    const known = [...(writable[id] ?? []), ...(ignoredByPut[id] ?? [])];
    const unknown = [...properties].filter(([property]) => !known.includes(property));
    await inBatches(unknown, send);
    if (!(await world.isUntouched())) mismatches.push(`${id}: something was stored`);
    await world.restore();
    expect(mismatches).toEqual([]);
  });

  it.each(writes.filter(({ spec }) => spec.id in ignoredByPut).map((one) => [one.spec.id, one] as const))(
    '%s ignores derived fields',
    async (id, endpoint) => {
      const persona = rightfulSender(id);
      const token = world.tokenOf(persona);
      const aim = world.aim(rightfulTarget(id), persona);
      const path = endpoint.path.replace(':id', id === 'replaceTask' ? aim.taskId : aim.projectId);
      const before = await world.request('GET', `/api${path}`, { token });
      const sample = samples[id]?.({ world, aim, persona }) ?? {};
      const derived = Object.fromEntries((ignoredByPut[id] ?? []).map((name) => [name, ['changed']]));
      const body = { ...before.body, ...(sample.body ?? {}), ...derived };
      const answer = await sendSample(world, endpoint, { ...sample, body }, token);
      expect(answer.status).toBe(200);
      for (const name of ignoredByPut[id] ?? []) {
        if (name === 'updatedAt') expect(answer.body[name] > before.body[name]).toBe(true);
        else expect([name, answer.body[name]]).toEqual([name, before.body[name]]);
      }
      await world.restore();
    },
  );

  it('everything was refused', async () => {
    const { leaks, answers, logLines } = await world.canaries();
    expect(leaks).toEqual([]);
    reportProof({
      id: 'S04',
      what: 'Every stored property that is no input, sent changed with every write: refused, nothing stored',
      counts: totals,
    });
    reportProof({
      id: 'S03 in S04',
      what: 'No secret and no foreign text in any answer or log line of the mass assignment',
      counts: { answers, 'log lines': logLines, leaks: leaks.length },
    });
  });
});
