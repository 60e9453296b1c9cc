import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type Sending, type TestApp } from '../../../test/app.ts';
import { eventually } from '../../../test/eventually.ts';
import { describeDoors, expectOnly, type Door } from '../../../test/doors.ts';
import {
  addTo,
  eventsAbout,
  makeCast,
  makeProject,
  pointersOf,
  refusal,
  type Cast,
} from '../../../test/scene.ts';
import { EventModel } from '../../events/index.ts';
import { ProjectModel } from '../projects/project.model.ts';
import { TaskModel } from '../tasks/task.model.ts';

let api: TestApp;
let cast: Cast;
let known: { id: string };
beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
  known = await makeProject(api, cast);
});
afterAll(() => api.close());

const pathOf = (projectId: string, userId?: string) =>
  `/api/projects/${projectId}/members${userId === undefined ? '' : `/${userId}`}`;
const add = (projectId: string, body: object, person = cast.owner, headers = {}) =>
  api.request('POST', pathOf(projectId), { token: person.token, body, headers });
const list = (projectId: string, person = cast.owner, query: Sending['query'] = {}) =>
  api.request('GET', pathOf(projectId), { token: person.token, query });
const change = (projectId: string, userId: string, role: string, person = cast.owner) =>
  api.request('PATCH', pathOf(projectId, userId), { token: person.token, body: { role } });
const remove = (projectId: string, userId: string, person = cast.owner, headers = {}) =>
  api.request('DELETE', pathOf(projectId, userId), { token: person.token, headers });
const membersOf = async (projectId: string) => {
  const project = await ProjectModel.findOne({ _id: projectId }).lean();
  return (project?.members ?? []).map(({ userId, role }) => [userId.toHexString(), role]);
};
const eventsOf = (projectId: string, name: string) => EventModel.find({ projectId, name }).lean();

const missing = 'project.not_found';
const roles = ['owner', 'manager'];
const doors: Door[] = [
  { method: 'GET', path: (id) => pathOf(id), missing },
  {
    method: 'POST',
    path: (id) => pathOf(id),
    body: () => ({ userId: cast.stranger.user.id, role: 'viewer' }),
    missing,
    denied: { permission: 'member.add', roles, to: 'member' },
    conditional: true,
  },
  {
    method: 'PATCH',
    path: (id) => pathOf(id, cast.viewer.user.id),
    title: '/api/projects/:id/members/:userId',
    body: () => ({ role: 'member' }),
    missing,
    denied: { permission: 'member.update', roles, to: 'member' },
    conditional: true,
  },
  {
    method: 'DELETE',
    path: (id) => pathOf(id, cast.viewer.user.id),
    title: '/api/projects/:id/members/:userId',
    missing,
    denied: { permission: 'member.remove', roles, to: 'member' },
    conditional: true,
  },
];
describeDoors(doors, () => ({ api, cast, id: known.id }));

it('each address knows its methods', async () => {
  await expectOnly(api, pathOf(known.id), 'GET, HEAD, POST');
  await expectOnly(api, pathOf(known.id, cast.viewer.user.id), 'PATCH, DELETE');
});

describe('adding a person', () => {
  it('by id or e-mail stores and announces it, and gives access at once', async () => {
    const { id, version } = await makeProject(api, cast);
    const [one, two] = [await api.register('One'), await api.register('Two')];
    expect((await api.request('GET', '/api/projects', { token: one.token })).body.items).toEqual([]);
    const answer = await add(id, { email: ` ${one.email.toUpperCase()} `, role: 'viewer' }, cast.manager);
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(pathOf(id, one.user.id));
    expect(answer.body).toEqual({
      userId: one.user.id,
      name: 'One',
      avatar: null,
      role: 'viewer',
      since: expect.stringMatching(/Z$/),
      email: one.email,
    });
    expect((await add(id, { userId: two.user.id })).body.role).toBe('member');
    expect((await membersOf(id)).slice(-2)).toEqual([
      [one.user.id, 'viewer'],
      [two.user.id, 'member'],
    ]);
    const [event] = (await eventsOf(id, 'member.added')).filter(({ subject }) => subject.id === one.user.id);
    expect(event).toMatchObject({
      subject: { type: 'member', id: one.user.id },
      changes: [{ field: 'role', from: null, to: 'viewer' }],
    });
    expect(String(event?.actorId)).toBe(cast.manager.user.id);
    const seen = await api.request('GET', `/api/projects/${id}`, { token: one.token });
    expect(seen.body).toMatchObject({ role: 'viewer', version: version + 2 });
    expect(seen.body.collaboratorIds).toContain(two.user.id);
  });

  it('refuses unknown people, people who are in already, and half a request', async () => {
    const before = await membersOf(known.id);
    const unknown = 'f'.repeat(24);
    for (const [body, pointer] of [
      [{ email: 'nobody@example.com' }, '/body/email'],
      [{ userId: unknown }, '/body/userId'],
    ] as const) {
      const answer = await add(known.id, body);
      expect(refusal(answer)).toEqual([422, 'member.unknown_user']);
      expect(pointersOf(answer)).toEqual([pointer]);
    }
    for (const { user } of [cast.owner, cast.viewer])
      expect(refusal(await add(known.id, { userId: user.id }))).toEqual([409, 'member.already_member']);
    const email = cast.stranger.email;
    for (const body of [
      {},
      { email, userId: unknown },
      { email, role: 'owner' },
      { userId: 'x' },
      { email: 1 },
    ])
      expect(refusal(await add(known.id, body))).toEqual([400, 'request.invalid']);
    expect(await membersOf(known.id)).toEqual(before);
  });

  it('has room for 500', async () => {
    const { id } = await makeProject(api, cast);
    const since = new Date();
    const crowd = Array.from({ length: 496 }, () => ({
      userId: new mongoose.Types.ObjectId(),
      role: 'viewer' as const,
      since,
    }));
    await ProjectModel.updateOne({ _id: id }, { $push: { members: { $each: crowd } } });
    expect(refusal(await add(id, { userId: cast.stranger.user.id }))).toEqual([
      409,
      'project.too_many_members',
    ]);
    const page = await list(id, cast.owner, { limit: '200', count: 'true' });
    expect([page.body.items.length, page.body.total]).toEqual([200, 500]);
  });

  it('lets one of many rivals add the same person', async () => {
    const { id } = await makeProject(api, cast);
    const person = await api.register();
    const answers = await Promise.all(Array.from({ length: 10 }, () => add(id, { userId: person.user.id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    expect((await membersOf(id)).filter(([userId]) => userId === person.user.id)).toHaveLength(1);
  });
});

describe('the list of members', () => {
  it('shows e-mail addresses to the owner and managers only', async () => {
    for (const person of [cast.owner, cast.manager]) {
      const { items } = (await list(known.id, person)).body as { items: { email: string }[] };
      expect(items.map(({ email }) => email).sort()).toEqual(
        [cast.owner, cast.manager, cast.member, cast.viewer].map(({ email }) => email).sort(),
      );
    }
    for (const person of [cast.member, cast.viewer]) {
      const { items } = (await list(known.id, person)).body as { items: { email: null }[] };
      expect(items.map(({ email }) => email)).toEqual([null, null, null, null]);
    }
  });

  it('is walked to the end, each member once, and its cursor fits this project only', async () => {
    const first = await list(known.id, cast.owner, { limit: '3' });
    const cursor = String(first.body.nextCursor);
    const second = await list(known.id, cast.owner, { limit: '3', cursor });
    const all = [...first.body.items, ...second.body.items] as { userId: string; role: string }[];
    expect(second.body.nextCursor).toBeNull();
    expect(all.map(({ userId, role }) => [userId, role]).sort()).toEqual((await membersOf(known.id)).sort());
    const other = await makeProject(api, cast);
    for (const answer of [
      await list(other.id, cast.owner, { cursor }),
      await list(known.id, cast.owner, { cursor: withTail(cursor, 'zz') }),
      await list(known.id, cast.owner, { cursor: withTail(cursor, '') }),
      await list(known.id, cast.owner, { cursor: withTail(cursor, `${known.id}.`) }),
      await list(known.id, cast.owner, { cursor: 'x' }),
    ])
      expect(refusal(answer)).toEqual([400, 'request.invalid_cursor']);
    expect(refusal(await list(known.id, cast.owner, { limit: '0' }))).toEqual([400, 'request.invalid']);
  });
});

describe('changing a role', () => {
  it('stores and announces it, and counts for the next request', async () => {
    const { id, version } = await makeProject(api, cast);
    const { status, body } = await change(id, cast.member.user.id, 'viewer', cast.manager);
    expect([status, body.role, body.email]).toEqual([200, 'viewer', cast.member.email]);
    expect(await membersOf(id)).toContainEqual([cast.member.user.id, 'viewer']);
    const events = await eventsOf(id, 'member.role_changed');
    expect(events).toMatchObject([
      { subject: { id: cast.member.user.id }, changes: [{ field: 'role', from: 'member', to: 'viewer' }] },
    ]);
    const create = { token: cast.member.token, body: { projectId: id, title: 'T' } };
    expect(refusal(await api.request('POST', '/api/tasks', create))).toEqual([403, 'access.denied']);
    expect((await change(id, cast.member.user.id, 'viewer')).status).toBe(200);
    expect(await eventsOf(id, 'member.role_changed')).toHaveLength(1);
    expect((await ProjectModel.findOne({ _id: id }).lean())?.version).toBe(version + 1);
  });

  it('is refused for the owner, for people who are not in, and for roles that are not given', async () => {
    const { owner, manager, member, stranger } = cast;
    for (const person of [owner, manager])
      expect(refusal(await change(known.id, owner.user.id, 'viewer', person))).toEqual([
        409,
        'member.is_owner',
      ]);
    for (const userId of [stranger.user.id, 'f'.repeat(24)])
      expect(refusal(await change(known.id, userId, 'viewer'))).toEqual([404, 'member.not_found']);
    expect((await change(known.id, 'x', 'viewer')).status).toBe(404);
    for (const role of ['owner', 'boss', '']) {
      const answer = await change(known.id, member.user.id, role);
      expect(refusal(answer)).toEqual([400, 'request.invalid']);
      expect(pointersOf(answer)).toEqual(['/body/role']);
    }
    expect(await eventsOf(known.id, 'member.role_changed')).toEqual([]);
  });
});

describe('a stale version of the project', () => {
  it('names the members who changed meanwhile, by whom and when', async () => {
    const { id, version } = await makeProject(api, cast);
    await change(id, cast.member.user.id, 'viewer', cast.manager);
    const answer = await remove(id, cast.viewer.user.id, cast.owner, { 'if-match': `"${String(version)}"` });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    expect(answer.body).toMatchObject({
      version: version + 1,
      changes: [{ version: version + 1, by: cast.manager.user.id, at: expect.any(String) }],
    });
  });
});

describe('removing a member', () => {
  it('takes access at once and a moment later unassigns open tasks, each with its event in the same operation', async () => {
    const { id } = await makeProject(api, cast);
    const leaver = await api.register('Leaver');
    await addTo(api, cast, id, leaver, 'member');
    const assigneeId = leaver.user.id;
    const { token } = cast.owner;
    const make = async (fields: object) =>
      (
        await api.request('POST', '/api/tasks', {
          token,
          body: { projectId: id, title: 'T', assigneeId, ...fields },
        })
      ).body;
    const open = [await make({}), await make({ status: 'in_review' })];
    const kept = [await make({ status: 'done' }), await make({ assigneeId: cast.member.user.id })];
    expect((await api.request('GET', `/api/projects/${id}`, { token: leaver.token })).status).toBe(200);

    expect((await remove(id, leaver.user.id, cast.manager)).status).toBe(204);

    expect(refusal(await api.request('GET', `/api/projects/${id}`, { token: leaver.token }))).toEqual([
      404,
      missing,
    ]);
    expect((await api.request('GET', '/api/tasks', { token: leaver.token })).body.items).toEqual([]);
    const [removed] = await eventsOf(id, 'member.removed');
    expect(removed).toMatchObject({
      subject: { type: 'member', id: leaver.user.id },
      changes: [{ field: 'role', from: 'member', to: null }],
    });
    for (const task of open) {
      await eventually(async () => {
        expect(await TaskModel.findOne({ _id: task.id }).lean()).toMatchObject({
          assigneeId: null,
          version: 2,
        });
      });
      const events = await eventsAbout(String(task.id));
      expect(events.map(({ name }) => name)).toEqual(['task.created', 'task.assigned']);
      expect(events[1]).toMatchObject({
        operationId: removed?.operationId,
        actorId: removed?.actorId,
        subject: { version: 2 },
        changes: [{ field: 'assigneeId', from: leaver.user.id, to: null }],
      });
    }
    for (const task of kept)
      expect((await api.request('GET', `/api/tasks/${String(task.id)}`, { token })).body).toEqual(task);
  });

  it('unassigns any number of tasks', async () => {
    const { id } = await makeProject(api, cast);
    const leaver = await api.register('Busy');
    await addTo(api, cast, id, leaver, 'member');
    const assigneeId = leaver.user.id;
    const { token } = leaver;
    const body = { projectId: id, title: 'T', assigneeId };
    await Promise.all(Array.from({ length: 120 }, () => api.request('POST', '/api/tasks', { token, body })));
    expect((await remove(id, leaver.user.id)).status).toBe(204);
    await eventually(async () => {
      expect(await TaskModel.countDocuments({ projectId: id, assigneeId: { $ne: null } })).toBe(0);
    });
    expect(await eventsOf(id, 'task.assigned')).toHaveLength(120);
  });

  it('lets everyone but the owner leave', async () => {
    const { id } = await makeProject(api, cast);
    for (const person of [cast.viewer, cast.member, cast.manager])
      expect((await remove(id, person.user.id, person)).status).toBe(204);
    expect(refusal(await remove(id, cast.owner.user.id))).toEqual([409, 'member.is_owner']);
    expect(await membersOf(id)).toEqual([[cast.owner.user.id, 'owner']]);
    expect(await eventsOf(id, 'member.removed')).toHaveLength(3);
  });

  it('is refused for the owner and for people who are not in', async () => {
    const tries: [string, Person, number, string][] = [
      [cast.owner.user.id, cast.manager, 409, 'member.is_owner'],
      [cast.stranger.user.id, cast.owner, 404, 'member.not_found'],
      ['f'.repeat(24), cast.member, 404, 'member.not_found'],
    ];
    for (const [userId, person, status, code] of tries)
      expect(refusal(await remove(known.id, userId, person))).toEqual([status, code]);
    expect(await membersOf(known.id)).toHaveLength(4);
  });
});

/** The cursor with another place behind what binds it to its list. */
function withTail(cursor: string, tail: string): string {
  const [digest] = Buffer.from(cursor, 'base64url').toString().split('.');
  return Buffer.from(`${String(digest)}.${tail}`).toString('base64url');
}
