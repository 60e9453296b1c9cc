import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../../../test/app.ts';
import { describeDoors, expectOnly, type Door } from '../../../test/doors.ts';
import {
  eventsAbout,
  idsOf,
  makeCast,
  makeProject,
  pointersOf,
  refusal,
  type Cast,
} from '../../../test/scene.ts';
import { TaskModel } from './task.model.ts';

let api: TestApp;
let cast: Cast;
let project: { id: string; key: string };
let known: { id: string };
beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
  project = await makeProject(api, cast);
  known = await make();
});
afterAll(() => api.close());

const create = (fields: object = {}, person = cast.member) =>
  api.request('POST', '/api/tasks', {
    token: person.token,
    body: { projectId: project.id, title: 'A task', ...fields },
  });
const make = async (fields: object = {}, person = cast.member) => {
  const { status, body } = await create(fields, person);
  expect(status).toBe(201);
  return body;
};
const read = (id: string, person = cast.member) =>
  api.request('GET', `/api/tasks/${id}`, { token: person.token });
const patch = (id: string, body: object, person = cast.member, headers = {}) =>
  api.request('PATCH', `/api/tasks/${id}`, { token: person.token, body, headers });
const put = (id: string, body: object, person = cast.member) =>
  api.request('PUT', `/api/tasks/${id}`, { token: person.token, body });
const remove = (id: string, person = cast.member) =>
  api.request('DELETE', `/api/tasks/${id}`, { token: person.token });
const restore = (id: string, person = cast.member) =>
  api.request('POST', `/api/tasks/${id}/restore`, { token: person.token });
const stored = (id: string) => TaskModel.findOne({ _id: id }).lean();
const lastEvent = async (id: string) => (await eventsAbout(id)).at(-1);
const setRole = (person: Person, role: string) =>
  api.request('PATCH', `/api/projects/${project.id}/members/${person.user.id}`, {
    token: cast.owner.token,
    body: { role },
  });

const missing = 'task.not_found';
const byId = (id: string) => `/api/tasks/${id}`;
const editors = ['owner', 'manager', 'member'];
const whole = () => ({
  title: 'Whole',
  description: '',
  status: 'todo',
  priority: 'none',
  assigneeId: null,
  dueDate: null,
});
const shared = { missing, conditional: true, mostKb: 400 } as const;
const deletion = { permission: 'task.delete', roles: ['owner', 'manager'], to: 'viewer' } as const;
const doors: Door[] = [
  { method: 'GET', path: byId, missing },
  {
    ...shared,
    method: 'PATCH',
    path: byId,
    body: () => ({ title: 'New' }),
    denied: { permission: 'task.update', roles: editors, to: 'viewer' },
  },
  {
    ...shared,
    method: 'PUT',
    path: byId,
    body: whole,
    denied: { permission: 'task.update', roles: editors, to: 'viewer' },
  },
  { ...shared, method: 'DELETE', path: byId, denied: { ...deletion, roles: ['owner', 'manager'] } },
  {
    ...shared,
    method: 'POST',
    path: (id) => `${byId(id)}/restore`,
    denied: { ...deletion, roles: ['owner', 'manager'] },
  },
  {
    ...shared,
    method: 'POST',
    path: (id) => `${byId(id)}/move`,
    body: () => ({ status: 'done' }),
    denied: { permission: 'task.move', roles: editors, to: 'viewer' },
  },
];
describeDoors(doors, () => ({ api, cast, id: known.id }));

it('each address knows its methods', async () => {
  await expectOnly(api, '/api/tasks', 'GET, HEAD, POST');
  await expectOnly(api, byId(known.id), 'GET, HEAD, PATCH, PUT, DELETE');
  await expectOnly(api, `${byId(known.id)}/move`, 'POST');
});

describe('a new task', () => {
  it('is in the first column to do, belongs to who made it and is announced once', async () => {
    const answer = await create({ title: '  Write the page ', dueDate: '2026-12-31' });
    const { body } = answer;
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(byId(String(body.id)));
    expect(answer.headers.etag).toBe('"1"');
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      key: `${project.key}-${String(body.number)}`,
      number: expect.any(Number),
      projectId: project.id,
      title: 'Write the page',
      description: '',
      status: 'todo',
      category: 'todo',
      priority: 'none',
      assigneeId: null,
      dueDate: '2026-12-31',
      rank: expect.any(String),
      createdBy: cast.member.user.id,
      completedAt: null,
      can: ['task.read', 'task.update', 'task.move', 'task.delete'],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: body.createdAt,
      deletedAt: null,
      version: 1,
    });
    expect((await read(String(body.id))).body).toEqual(body);
    expect(await stored(String(body.id))).toMatchObject({ title: 'Write the page', dueDate: '2026-12-31' });
    const events = await eventsAbout(String(body.id));
    expect(events).toMatchObject([
      { name: 'task.created', subject: { type: 'task', version: 1 }, data: { title: 'Write the page' } },
    ]);
    expect(String(events[0]?.actorId)).toBe(cast.member.user.id);
    expect(String(events[0]?.projectId)).toBe(project.id);
  });

  it('gets the next number and a place behind all others', async () => {
    const [one, two] = [await make({ status: 'done' }), await make()];
    expect(two.number).toBe(one.number + 1);
    expect(two.rank > one.rank).toBe(true);
  });

  it('keeps every field as it was given', async () => {
    const assigneeId = cast.manager.user.id;
    const given = {
      title: 'é'.repeat(500),
      description: `${'ü\n'.repeat(25_000)}`,
      priority: 'urgent',
      assigneeId,
    };
    for (const dueDate of ['2028-02-29', '2026-12-31T12:00:00Z', '2026-12-31T12:00:00.5+02:00', null]) {
      const body = await make({ ...given, status: 'in_review', dueDate });
      expect(body).toMatchObject({ ...given, status: 'in_review', category: 'in_progress', dueDate });
      expect((await read(String(body.id))).body).toEqual(body);
    }
  });

  it('is complete at once in a column of category done', async () => {
    const body = await make({ status: 'done' });
    expect(body).toMatchObject({ category: 'done', completedAt: body.createdAt });
  });

  it('is refused with every fault at once', async () => {
    const faulty = {
      projectId: 'x',
      title: 'a\nb',
      description: 'x'.repeat(50_001),
      status: 5,
      priority: 'huge',
      assigneeId: 'me',
      dueDate: '2026-02-30',
      number: 7,
      rank: '0',
    };
    const answer = await create(faulty);
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(
      Object.keys(faulty)
        .map((name) => `/body/${name}`)
        .sort(),
    );
    for (const title of ['', ' ', 'x'.repeat(501), null, 1, ['a'], { $gt: '' }])
      expect(pointersOf(await create({ title }))).toEqual(['/body/title']);
    for (const dueDate of [
      'tomorrow',
      '2026-13-01',
      '2026-12-31 12:00',
      '2026-12-31T12:00:00',
      5,
      '20261231',
    ])
      expect(pointersOf(await create({ dueDate }))).toEqual(['/body/dueDate']);
  });

  it('needs a project of the caller, a role, a known column and an able assignee', async () => {
    const before = await TaskModel.countDocuments();
    for (const [fields, person, status, code, pointer] of [
      [{ projectId: 'f'.repeat(24) }, cast.member, 422, 'task.unknown_project', '/body/projectId'],
      [{}, cast.stranger, 422, 'task.unknown_project', '/body/projectId'],
      [{ status: 'someday' }, cast.member, 422, 'task.unknown_status', '/body/status'],
      [
        { assigneeId: cast.viewer.user.id },
        cast.member,
        422,
        'task.assignee_not_eligible',
        '/body/assigneeId',
      ],
      [
        { assigneeId: cast.stranger.user.id },
        cast.member,
        422,
        'task.assignee_not_eligible',
        '/body/assigneeId',
      ],
    ] as const) {
      const answer = await create(fields, person);
      expect(refusal(answer)).toEqual([status, code]);
      expect(pointersOf(answer)).toEqual([pointer]);
    }
    const denied = await create({}, cast.viewer);
    expect(refusal(denied)).toEqual([403, 'access.denied']);
    expect(denied.body).toMatchObject({ permission: 'task.create', roles: editors });
    const anonymous = await api.request('POST', '/api/tasks', {
      body: { projectId: project.id, title: 'T' },
    });
    expect(refusal(anonymous)).toEqual([401, 'auth.required']);
    expect(await TaskModel.countDocuments()).toBe(before);
  });
});

describe('reading by key', () => {
  it('finds the task of that project, and nothing in the trash', async () => {
    const task = await make();
    const byKey = (key: string, person = cast.viewer, id = project.id) =>
      api.request('GET', `/api/projects/${id}/tasks/by-key/${key}`, { token: person.token });
    expect((await byKey(String(task.key))).body).toEqual({ ...task, can: ['task.read'] });
    expect((await byKey(String(task.key))).headers.etag).toBe('"1"');
    const other = await makeProject(api, cast);
    for (const key of [
      `${project.key}-999999`,
      `NOPE-${String(task.number)}`,
      'x',
      `${project.key}-01`,
      '-1',
    ])
      expect(refusal(await byKey(key))).toEqual([404, missing]);
    expect(refusal(await byKey(String(task.key), cast.viewer, String(other.id)))).toEqual([404, missing]);
    expect(refusal(await byKey(String(task.key), cast.stranger))).toEqual([404, 'project.not_found']);
    await remove(String(task.id));
    expect(refusal(await byKey(String(task.key)))).toEqual([404, missing]);
  });
});

describe('changing a task', () => {
  it('stores what was sent, leaves the rest and lists the change', async () => {
    const before = await make({ description: 'stays', dueDate: '2026-12-31' });
    const { status, headers, body } = await patch(
      before.id,
      { title: 'New', priority: 'high' },
      cast.manager,
    );
    expect([status, headers.etag]).toEqual([200, '"2"']);
    expect(body).toEqual({
      ...before,
      title: 'New',
      priority: 'high',
      version: 2,
      updatedAt: body.updatedAt,
    });
    expect(await stored(before.id)).toMatchObject({ title: 'New', priority: 'high', version: 2 });
    const event = await lastEvent(before.id);
    expect(event).toMatchObject({
      name: 'task.updated',
      subject: { type: 'task', version: 2 },
      changes: [
        { field: 'title', from: 'A task', to: 'New' },
        { field: 'priority', from: 'none', to: 'high' },
      ],
    });
    expect(String(event?.actorId)).toBe(cast.manager.user.id);
  });

  it('is named by the most specific thing that happened, with all field changes in one event', async () => {
    const { id } = await make();
    const steps: [object, string, string[]][] = [
      [{ assigneeId: cast.owner.user.id }, 'task.assigned', ['assigneeId']],
      [{ assigneeId: null, title: 'Other' }, 'task.updated', ['assigneeId', 'title']],
      [{ status: 'in_progress' }, 'task.updated', ['category', 'status']],
      [{ status: 'in_review' }, 'task.updated', ['status']],
      [
        { status: 'done', assigneeId: cast.owner.user.id },
        'task.completed',
        ['assigneeId', 'category', 'completedAt', 'status'],
      ],
      [{ status: 'todo' }, 'task.reopened', ['category', 'completedAt', 'status']],
    ];
    for (const [body, name, fields] of steps) {
      const count = (await eventsAbout(String(id))).length;
      const answer = await patch(String(id), body);
      const events = await eventsAbout(String(id));
      expect(events).toHaveLength(count + 1);
      expect(events.at(-1)).toMatchObject({ name, subject: { version: answer.body.version } });
      expect(
        events
          .at(-1)
          ?.changes.map(({ field }) => field)
          .sort(),
      ).toEqual(fields);
      expect(answer.body.completedAt === null).toBe(answer.body.category !== 'done');
    }
  });

  it('clears with null what can be cleared and nothing else', async () => {
    const { id } = await make({
      description: 'x',
      priority: 'high',
      assigneeId: cast.owner.user.id,
      dueDate: '2026-12-31',
    });
    const cleared = { description: null, priority: null, assigneeId: null, dueDate: null };
    expect((await patch(String(id), cleared)).body).toMatchObject({
      description: '',
      priority: 'none',
      assigneeId: null,
      dueDate: null,
    });
    const answer = await patch(String(id), { title: null, status: null });
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(['/body/status', '/body/title']);
  });

  it('writes and announces nothing when nothing changes', async () => {
    const before = await make({ status: 'done' });
    for (const body of [{}, { title: before.title, status: 'done', dueDate: null }])
      expect((await patch(before.id, body)).body).toEqual(before);
    expect(await eventsAbout(before.id)).toHaveLength(1);
  });

  it('refuses unknown columns, people who cannot act, and another project', async () => {
    for (const [body, code, pointer] of [
      [{ status: 'someday' }, 'task.unknown_status', '/body/status'],
      [{ assigneeId: cast.viewer.user.id }, 'task.assignee_not_eligible', '/body/assigneeId'],
    ] as const) {
      for (const answer of [await patch(known.id, body), await put(known.id, { ...whole(), ...body })]) {
        expect(refusal(answer)).toEqual([422, code]);
        expect(pointersOf(answer)).toEqual([pointer]);
      }
    }
    expect(pointersOf(await patch(known.id, { projectId: project.id }))).toEqual(['/body/projectId']);
  });

  it('with a stale version is told what changed since, by whom and when', async () => {
    const { id } = await make();
    await patch(String(id), { title: 'By member' });
    const last = await patch(String(id), { dueDate: '2027-01-01' }, cast.manager);
    const answer = await patch(String(id), { title: 'Late' }, cast.member, { 'if-match': '"1"' });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    expect(answer.headers.etag).toBe('"3"');
    expect(answer.body).toMatchObject({
      version: 3,
      changedFields: ['dueDate', 'title'],
      changes: [
        { version: 2, fields: ['title'], by: cast.member.user.id, at: expect.any(String) },
        { version: 3, fields: ['dueDate'], by: cast.manager.user.id, at: last.body.updatedAt },
      ],
    });
    expect((await patch(String(id), { title: 'In time' }, cast.member, { 'if-match': '"3"' })).status).toBe(
      200,
    );
  });
});

describe('replacing a task', () => {
  it('accepts what was read, edited', async () => {
    const before = await make({ assigneeId: cast.owner.user.id, dueDate: '2026-12-31T10:00:00+02:00' });
    const sent = { ...before, title: 'Edited', rank: 'zzz', can: [], key: 'X-1', number: -1, completedAt: 5 };
    const { status, body } = await put(before.id, sent);
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, title: 'Edited', version: 2, updatedAt: body.updatedAt });
    expect((await lastEvent(before.id))?.changes).toEqual([{ field: 'title', from: 'A task', to: 'Edited' }]);
  });

  it('refuses missing fields one by one and points to PATCH', async () => {
    const answer = await put(known.id, {});
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(
      Object.keys(whole())
        .map((name) => `/body/${name}`)
        .sort(),
    );
    expect(String(answer.body.hint)).toContain('PATCH');
    expect(pointersOf(await put(known.id, { ...whole(), dueDate: undefined }))).toEqual(['/body/dueDate']);
  });

  it('compares the version in the body', async () => {
    const before = await make();
    await patch(before.id, { title: 'Meanwhile' });
    const answer = await put(before.id, { ...before, title: 'Late' });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    expect(answer.body).toMatchObject({ version: 2, changedFields: ['title'] });
  });

  it('refuses what cannot change when it is changed', async () => {
    const before = await make();
    const answer = await put(before.id, {
      ...before,
      id: known.id,
      projectId: 'f'.repeat(24),
      createdBy: cast.owner.user.id,
      createdAt: '2020-01-01T00:00:00.000Z',
    });
    expect(refusal(answer)).toEqual([422, 'resource.read_only_field']);
    expect(pointersOf(answer)).toEqual(['/body/createdAt', '/body/createdBy', '/body/id', '/body/projectId']);
    expect((await read(before.id)).body).toEqual(before);
  });

  it('judges the assignee only when it changes', async () => {
    const person = await api.register('Demoted');
    const { token } = cast.owner;
    const userId = person.user.id;
    await api.request('POST', `/api/projects/${project.id}/members`, { token, body: { userId } });
    const task = await make({ assigneeId: userId });
    await setRole(person, 'viewer');
    const kept = await put(String(task.id), { ...task, title: 'Still theirs' });
    expect(kept.body).toMatchObject({ title: 'Still theirs', assigneeId: userId });
    expect((await patch(String(task.id), { assigneeId: userId, title: 'Again' })).status).toBe(200);
    await patch(String(task.id), { assigneeId: null });
    expect(refusal(await patch(String(task.id), { assigneeId: userId }))).toEqual([
      422,
      'task.assignee_not_eligible',
    ]);
  });
});

describe('the trash', () => {
  it('hides the task, and restoring brings it back to where it was', async () => {
    const before = await make();
    expect((await remove(before.id)).status).toBe(204);
    for (const answer of [
      await read(before.id),
      await patch(before.id, { title: 'X' }),
      await put(before.id, whole()),
      await remove(before.id),
      await api.request('POST', `${byId(before.id)}/move`, {
        token: cast.member.token,
        body: { status: 'done' },
      }),
    ])
      expect(refusal(answer)).toEqual([404, missing]);
    expect(await stored(before.id)).toMatchObject({ version: 2, deletedAt: expect.any(Date) });
    const list = (query: Record<string, string>) =>
      api.request('GET', '/api/tasks', { token: cast.viewer.token, query });
    expect(idsOf(await list({ projectId: project.id, limit: '200' }))).not.toContain(before.id);
    expect(idsOf(await list({ projectId: project.id, deleted: 'true' }))).toContain(before.id);
    const { status, body } = await restore(before.id);
    expect(status).toBe(200);
    expect(body).toEqual({ ...before, version: 3, updatedAt: body.updatedAt });
    expect((await restore(before.id)).body).toEqual(body);
    const events = await eventsAbout(before.id);
    expect(events.map(({ name }) => name)).toEqual(['task.created', 'task.deleted', 'task.restored']);
    expect(events[1]?.changes).toEqual([{ field: 'deletedAt', from: null, to: expect.any(String) }]);
    expect(events[2]?.changes).toEqual([{ field: 'deletedAt', from: expect.any(String), to: null }]);
  });

  it('is for members with their own tasks and for managers with any', async () => {
    const [own, foreign] = [await make({}, cast.member), await make({}, cast.owner)];
    const denied = await remove(String(foreign.id), cast.member);
    expect(refusal(denied)).toEqual([403, 'access.denied']);
    expect(denied.body).toMatchObject({ permission: 'task.delete', roles: ['owner', 'manager'] });
    expect((await read(String(foreign.id))).body.can).not.toContain('task.delete');
    expect((await remove(String(foreign.id), cast.manager)).status).toBe(204);
    expect(refusal(await restore(String(foreign.id), cast.member))).toEqual([403, 'access.denied']);
    expect((await restore(String(foreign.id), cast.manager)).status).toBe(200);
    expect((await remove(String(own.id), cast.member)).status).toBe(204);
  });

  it('belongs to nobody who lost the right meanwhile', async () => {
    const author = await api.register('Author');
    const { token } = cast.owner;
    const body = { userId: author.user.id };
    await api.request('POST', `/api/projects/${project.id}/members`, { token, body });
    const task = await make({}, author);
    await setRole(author, 'viewer');
    expect(refusal(await remove(String(task.id), author))).toEqual([403, 'access.denied']);
  });
});
