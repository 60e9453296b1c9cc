import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type Sending, type TestApp } from '../../../test/app.ts';
import { describeDoors, expectOnly, type Door } from '../../../test/doors.ts';
import {
  addTo,
  eventsAbout,
  idsOf,
  makeCast,
  makeProject,
  pointersOf,
  refusal,
  type Cast,
} from '../../../test/scene.ts';
import { EventModel } from '../../events/index.ts';
import { UserModel } from '../users/user.model.ts';
import { ProjectModel } from './project.model.ts';

let api: TestApp;
let cast: Cast;
let known: { id: string };
beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
  known = await makeProject(api, cast);
});
afterAll(() => api.close());

const call = (method: string, path: string, person: Person, sending: Sending = {}) =>
  api.request(method, `/api/projects${path}`, { token: person.token, ...sending });
const read = (id: string, person = cast.owner) => call('GET', `/${id}`, person);
const patch = (id: string, body: object, person = cast.owner, headers = {}) =>
  call('PATCH', `/${id}`, person, { body, headers });
const put = (id: string, body: object, person = cast.owner) => call('PUT', `/${id}`, person, { body });
const stored = (id: string) => ProjectModel.findOne({ _id: id }).lean();
const newOwner = async () => {
  const owner = await api.register();
  return { owner, create: (body: object) => call('POST', '', owner, { body }) };
};

const missing = 'project.not_found';
const byId = (id: string) => `/api/projects/${id}`;
const managers = ['owner', 'manager'];
const whole = () => ({ name: 'Whole', description: '', key: 'WHOLE', status: 'active' });
const doors: Door[] = [
  { method: 'GET', path: byId, missing },
  {
    method: 'PATCH',
    path: byId,
    body: () => ({ name: 'New' }),
    missing,
    denied: { permission: 'project.update', roles: managers, to: 'member' },
    conditional: true,
  },
  {
    method: 'PUT',
    path: byId,
    body: whole,
    missing,
    denied: { permission: 'project.update', roles: managers, to: 'viewer' },
    conditional: true,
  },
  {
    method: 'DELETE',
    path: byId,
    missing,
    denied: { permission: 'project.delete', roles: ['owner'], to: 'manager' },
    conditional: true,
  },
  {
    method: 'POST',
    path: (id) => `${byId(id)}/restore`,
    missing,
    denied: { permission: 'project.delete', roles: ['owner'], to: 'manager' },
    conditional: true,
  },
  {
    method: 'POST',
    path: (id) => `${byId(id)}/transfer`,
    body: () => ({ userId: cast.member.user.id }),
    missing,
    denied: { permission: 'project.transfer', roles: ['owner'], to: 'manager' },
    conditional: true,
  },
];
describeDoors(doors, () => ({ api, cast, id: known.id }));

it('each address knows its methods', async () => {
  await expectOnly(api, '/api/projects', 'GET, HEAD, POST');
  await expectOnly(api, byId(known.id), 'GET, HEAD, PATCH, PUT, DELETE');
  await expectOnly(api, `${byId(known.id)}/transfer`, 'POST');
});

describe('a new project', () => {
  it('belongs to who makes it, starts with five statuses and is announced once', async () => {
    const { owner, create } = await newOwner();
    const answer = await create({ name: '  Website relaunch ', description: 'Line\nbreak' });
    const { body } = answer;
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toBe(`/api/projects/${String(body.id)}`);
    expect(answer.headers.etag).toBe('"1"');
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      key: 'WR',
      name: 'Website relaunch',
      description: 'Line\nbreak',
      ownerId: owner.user.id,
      collaboratorIds: [],
      status: 'active',
      statuses: ['backlog', 'todo', 'in_progress', 'in_review', 'done'].map((key) =>
        expect.objectContaining({ key }),
      ),
      role: 'owner',
      can: expect.arrayContaining(['project.update', 'project.delete', 'member.add', 'task.create']),
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: body.createdAt,
      deletedAt: null,
      version: 1,
    });
    expect((await read(String(body.id), owner)).body).toEqual(body);
    expect(await stored(String(body.id))).toMatchObject({ name: 'Website relaunch', version: 1 });
    expect(await eventsAbout(String(body.id))).toMatchObject([
      {
        name: 'project.created',
        subject: { type: 'project', version: 1 },
        data: { name: 'Website relaunch' },
      },
    ]);
    expect(String((await eventsAbout(String(body.id)))[0]?.actorId)).toBe(owner.user.id);
  });

  it('takes collaborators as members, each announced in the same operation', async () => {
    const { owner, create } = await newOwner();
    const ids = [cast.member.user.id, cast.viewer.user.id];
    const { status, body } = await create({ name: 'Together', collaboratorIds: [...ids, owner.user.id] });
    expect(status).toBe(201);
    expect(body.collaboratorIds).toEqual(ids);
    expect((await read(String(body.id), cast.viewer)).body.role).toBe('member');
    const events = await EventModel.find({ projectId: String(body.id) }).lean();
    expect(events.map(({ name, subject }) => `${name} ${subject.id}`).sort()).toEqual(
      [...ids.map((id) => `member.added ${id}`), `project.created ${String(body.id)}`].sort(),
    );
    expect(new Set(events.map((event) => event.operationId)).size).toBe(1);
  });

  it('refuses collaborators who do not exist, all at once', async () => {
    const { owner, create } = await newOwner();
    const unknown = 'f'.repeat(24);
    const answer = await create({ name: 'X', collaboratorIds: [unknown, owner.user.id, 'e'.repeat(24)] });
    expect(refusal(answer)).toEqual([422, 'member.unknown_user']);
    expect(pointersOf(answer)).toEqual(['/body/collaboratorIds/0', '/body/collaboratorIds/2']);
    expect(await ProjectModel.countDocuments({ ownerId: owner.user.id })).toBe(0);
  });

  it('is refused with every fault at once', async () => {
    const body = { name: ' ', key: 'a1', status: 'open', description: 5, ownerId: 'x', collaboratorIds: 'y' };
    const answer = await call('POST', '', cast.owner, { body });
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(
      Object.keys(body)
        .map((name) => `/body/${name}`)
        .sort(),
    );
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ type: '/problems/request.invalid', status: 400 });
    expect(answer.body.instance).toBe(answer.headers['x-request-id']);
  });

  it('needs a login and a body', async () => {
    expect(refusal(await api.request('POST', '/api/projects', { body: { name: 'X' } }))[0]).toBe(401);
    expect(refusal(await call('POST', '', cast.owner))).toEqual([400, 'request.invalid']);
  });
});

describe('a project key', () => {
  it('is unique for its owner, with a hint at a free one', async () => {
    const { owner, create } = await newOwner();
    expect((await create({ name: 'One', key: 'ONE' })).status).toBe(201);
    const clash = await create({ name: 'Two', key: 'ONE' });
    expect(refusal(clash)).toEqual([409, 'project.key_taken']);
    const [, hint = ''] = /\b([A-Z]{2,10})\b is free/.exec(String(clash.body.hint)) ?? [];
    expect((await create({ name: 'Two', key: hint })).status).toBe(201);
    expect((await (await newOwner()).create({ name: 'Other', key: 'ONE' })).status).toBe(201);
    const { body } = await create({ name: 'Three' });
    expect(refusal(await patch(String(body.id), { key: 'ONE' }, owner))).toEqual([409, 'project.key_taken']);
    expect(refusal(await put(String(body.id), { ...whole(), key: 'ONE' }, owner))).toEqual([
      409,
      'project.key_taken',
    ]);
  });

  it('is made from the name, again and again', async () => {
    const { create } = await newOwner();
    const answers = await Promise.all(Array.from({ length: 8 }, () => create({ name: 'Same name' })));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    expect(new Set(answers.map(({ body }) => String(body.key))).size).toBe(8);
    for (const name of ['日本', '7', 'É', 'Überraschung'])
      expect((await create({ name })).body.key).toMatch(/^[A-Z]{2,10}$/);
  });

  it('goes to one of many rivals', async () => {
    const { create } = await newOwner();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create({ name: 'R', key: 'RIVAL' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
  });

  it('changes the keys of its tasks with it and is free for another project', async () => {
    const { owner, create } = await newOwner();
    const { token } = owner;
    const { body: project } = await create({ name: 'Old', key: 'OLD' });
    await api.request('POST', '/api/tasks', { token, body: { projectId: project.id, title: 'T' } });
    await patch(String(project.id), { key: 'FRESH' }, owner);
    const byKey = (key: string) =>
      api.request('GET', `/api/projects/${String(project.id)}/tasks/by-key/${key}`, { token });
    expect((await byKey('FRESH-1')).body.key).toBe('FRESH-1');
    expect(refusal(await byKey('OLD-1'))).toEqual([404, 'task.not_found']);
    expect((await create({ name: 'Next', key: 'OLD' })).status).toBe(201);
  });
});

describe('changing a project', () => {
  it('stores what was sent, leaves the rest and lists the change', async () => {
    const before = await makeProject(api, cast, { description: 'stays' });
    const { status, headers, body } = await patch(
      before.id,
      { name: 'Renamed', status: 'on_hold' },
      cast.manager,
    );
    expect(status).toBe(200);
    expect(headers.etag).toBe(`"${String(body.version)}"`);
    expect(body).toMatchObject({ name: 'Renamed', status: 'on_hold', description: 'stays', role: 'manager' });
    expect(body.version).toBe(before.version + 1);
    expect(body.updatedAt >= before.updatedAt).toBe(true);
    expect(await stored(before.id)).toMatchObject({
      name: 'Renamed',
      status: 'on_hold',
      version: body.version,
    });
    const event = (await eventsAbout(before.id)).at(-1);
    expect(event).toMatchObject({
      name: 'project.updated',
      subject: { type: 'project', version: body.version },
      changes: [
        { field: 'name', from: before.name, to: 'Renamed' },
        { field: 'status', from: 'active', to: 'on_hold' },
      ],
    });
    expect(String(event?.actorId)).toBe(cast.manager.user.id);
  });

  it('clears the description with null and nothing else', async () => {
    const { id } = await makeProject(api, cast, { description: 'gone soon' });
    expect((await patch(String(id), { description: null })).body.description).toBe('');
    const answer = await patch(String(id), { name: null, key: null, status: null });
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(['/body/key', '/body/name', '/body/status']);
  });

  it('writes and announces nothing when nothing changes', async () => {
    const before = await makeProject(api, cast);
    const events = await eventsAbout(before.id);
    expect((await patch(before.id, { name: before.name, description: null })).body).toEqual(before);
    expect((await patch(before.id, {})).body).toEqual(before);
    expect(await eventsAbout(before.id)).toEqual(events);
  });

  it('with a stale version is told what changed since, by whom and when', async () => {
    const { id, version } = await makeProject(api, cast);
    await patch(String(id), { name: 'By owner' });
    const last = await patch(String(id), { description: 'by manager' }, cast.manager);
    const answer = await patch(String(id), { name: 'Late' }, cast.owner, {
      'if-match': `"${String(version)}"`,
    });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    expect(answer.body).toMatchObject({
      version: version + 2,
      changedFields: ['description', 'name'],
      changes: [
        { version: version + 1, fields: ['name'], by: cast.owner.user.id },
        { version: version + 2, fields: ['description'], by: cast.manager.user.id, at: last.body.updatedAt },
      ],
    });
    const current = { 'if-match': `"1", "${String(version + 2)}"` };
    expect((await patch(String(id), { name: 'In time' }, cast.owner, current)).status).toBe(200);
    expect((await patch(String(id), { name: 'Whatever' }, cast.owner, { 'if-match': '*' })).status).toBe(200);
  });
});

describe('replacing a project', () => {
  it('accepts what was read, edited', async () => {
    const before = await makeProject(api, cast);
    const { status, body } = await put(before.id, { ...before, name: 'Edited', role: 'x', can: null });
    expect(status).toBe(200);
    expect(body).toEqual({
      ...before,
      name: 'Edited',
      version: before.version + 1,
      updatedAt: body.updatedAt,
    });
    expect((await eventsAbout(before.id)).at(-1)?.changes).toEqual([
      { field: 'name', from: before.name, to: 'Edited' },
    ]);
  });

  it('refuses missing fields one by one and points to PATCH', async () => {
    const answer = await put(known.id, {});
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(['/body/description', '/body/key', '/body/name', '/body/status']);
    expect(String(answer.body.hint)).toContain('PATCH');
  });

  it('compares the version in the body', async () => {
    const before = await makeProject(api, cast);
    await patch(before.id, { name: 'Meanwhile' });
    const answer = await put(before.id, { ...before, name: 'Late' });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
    expect(answer.body.changedFields).toEqual(['name']);
  });

  it('refuses what cannot change when it is changed', async () => {
    const before = await makeProject(api, cast);
    const answer = await put(before.id, {
      ...before,
      id: 'f'.repeat(24),
      ownerId: cast.member.user.id,
      createdAt: '2020-01-01T00:00:00.000Z',
    });
    expect(refusal(answer)).toEqual([422, 'resource.read_only_field']);
    expect(pointersOf(answer)).toEqual(['/body/createdAt', '/body/id', '/body/ownerId']);
    expect((await read(before.id)).body).toEqual(before);
  });
});

describe('an archived project', () => {
  it('is read-only for everyone but for un-archiving', async () => {
    const { id, key } = await makeProject(api, cast);
    const { token } = cast.owner;
    const task = await api.request('POST', '/api/tasks', { token, body: { projectId: id, title: 'T' } });
    const archived = await patch(String(id), { status: 'archived' });
    expect(archived.body.can).toEqual(['project.read', 'project.unarchive']);
    expect((await api.request('GET', `/api/tasks/${String(task.body.id)}`, { token })).body.can).toEqual([
      'task.read',
    ]);
    const path = `/${String(id)}`;
    const userId = cast.stranger.user.id;
    const refused = [
      await patch(String(id), { name: 'X' }),
      await patch(String(id), { status: 'archived', name: 'X' }),
      await put(String(id), { ...whole(), key, status: 'archived' }),
      await call('DELETE', path, cast.owner),
      await call('POST', `${path}/transfer`, cast.owner, { body: { userId: cast.member.user.id } }),
      await call('POST', `${path}/members`, cast.owner, { body: { userId } }),
      await call('PATCH', `${path}/members/${cast.member.user.id}`, cast.owner, { body: { role: 'viewer' } }),
      await call('DELETE', `${path}/members/${cast.member.user.id}`, cast.owner),
      await api.request('POST', '/api/tasks', { token, body: { projectId: id, title: 'T' } }),
      await api.request('PATCH', `/api/tasks/${String(task.body.id)}`, { token, body: { title: 'X' } }),
      await api.request('DELETE', `/api/tasks/${String(task.body.id)}`, { token }),
      await api.request('POST', `/api/tasks/${String(task.body.id)}/move`, {
        token,
        body: { status: 'done' },
      }),
    ];
    for (const answer of refused) expect(refusal(answer)).toEqual([409, 'project.archived']);
    const denied = await patch(String(id), { status: 'active' }, cast.member);
    expect(denied.body).toMatchObject({ status: 403, permission: 'project.unarchive', roles: managers });
    const back = await patch(String(id), { status: 'active', name: 'Back' }, cast.manager);
    expect(back.body).toMatchObject({ status: 'active', name: 'Back' });
  });

  it('answers a stale version before it says that it is archived', async () => {
    const { id } = await makeProject(api, cast, { description: 'x' });
    await patch(String(id), { status: 'archived' });
    const answer = await patch(String(id), { name: 'X' }, cast.owner, { 'if-match': '"1"' });
    expect(refusal(answer)).toEqual([412, 'resource.changed']);
  });
});

describe('the trash', () => {
  it('hides the project and its tasks in one write, and restoring brings both back', async () => {
    const { id, version } = await makeProject(api, cast);
    const { token } = cast.member;
    const task = await api.request('POST', '/api/tasks', { token, body: { projectId: id, title: 'T' } });
    const readTask = () => api.request('GET', `/api/tasks/${String(task.body.id)}`, { token });
    expect((await call('DELETE', `/${String(id)}`, cast.owner)).status).toBe(204);
    expect(refusal(await read(String(id)))).toEqual([404, missing]);
    expect(refusal(await readTask())).toEqual([404, 'task.not_found']);
    expect(idsOf(await api.request('GET', '/api/tasks', { token }))).not.toContain(task.body.id);
    expect(await stored(String(id))).toMatchObject({ version: version + 1, deletedAt: expect.any(Date) });
    expect(refusal(await call('DELETE', `/${String(id)}`, cast.owner))).toEqual([404, missing]);
    const inTrash = (person: Person) => call('GET', '', person, { query: { deleted: 'true' } });
    expect(idsOf(await inTrash(cast.owner))).toContain(id);
    expect(idsOf(await inTrash(cast.manager))).toContain(id);
    expect(idsOf(await inTrash(cast.member))).toEqual([]);
    const restore = (person: Person) => call('POST', `/${String(id)}/restore`, person);
    expect(refusal(await restore(cast.member))).toEqual([404, missing]);
    expect(refusal(await restore(cast.manager))).toEqual([403, 'access.denied']);
    const back = await restore(cast.owner);
    expect([back.status, back.body.deletedAt, back.body.version]).toEqual([200, null, version + 2]);
    expect((await readTask()).body).toEqual(task.body);
    expect((await restore(cast.owner)).body).toEqual(back.body);
    const events = (await eventsAbout(String(id))).slice(-2);
    expect(events.map(({ name }) => name)).toEqual(['project.deleted', 'project.restored']);
    expect(events[0]?.changes).toEqual([{ field: 'deletedAt', from: null, to: events[1]?.changes[0]?.from }]);
  });

  it('keeps a project for 30 days', async () => {
    const { id } = await makeProject(api, cast);
    await call('DELETE', `/${String(id)}`, cast.owner);
    const daysAgo = (days: number) => new Date(api.clock.now().getTime() - days * 86_400_000);
    const restore = () => call('POST', `/${String(id)}/restore`, cast.owner);
    await ProjectModel.updateOne({ _id: id }, { $set: { deletedAt: daysAgo(30.01) } });
    expect(refusal(await restore())).toEqual([404, missing]);
    await ProjectModel.updateOne({ _id: id }, { $set: { deletedAt: daysAgo(29.99) } });
    expect((await restore()).status).toBe(200);
    await call('DELETE', `/${String(id)}`, cast.owner);
    await ProjectModel.updateOne({ _id: id }, { $set: { deletedAt: daysAgo(30.01) } });
    expect(idsOf(await call('GET', '', cast.owner, { query: { deleted: 'true' } }))).not.toContain(id);
  });
});

describe('handing a project over', () => {
  it('makes the member the owner and the old owner a manager', async () => {
    const before = await makeProject(api, cast);
    const transfer = (userId: string, person = cast.owner) =>
      call('POST', `/${String(before.id)}/transfer`, person, { body: { userId } });
    const { status, body } = await transfer(cast.viewer.user.id);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ownerId: cast.viewer.user.id,
      role: 'manager',
      version: before.version + 1,
    });
    expect(body.collaboratorIds).toContain(cast.owner.user.id);
    const event = (await eventsAbout(before.id)).at(-1);
    expect(event).toMatchObject({
      name: 'project.updated',
      changes: [{ field: 'ownerId', from: cast.owner.user.id, to: cast.viewer.user.id }],
    });
    const roles = await EventModel.find({ projectId: before.id, name: 'member.role_changed' }).lean();
    expect(
      roles.map(({ subject, changes }) => [subject.id, changes[0]?.from, changes[0]?.to]).sort(),
    ).toEqual(
      [
        [cast.owner.user.id, 'owner', 'manager'],
        [cast.viewer.user.id, 'viewer', 'owner'],
      ].sort(),
    );
    expect(refusal(await transfer(cast.member.user.id))).toEqual([403, 'access.denied']);
    expect((await transfer(cast.owner.user.id, cast.viewer)).body.role).toBe('manager');
  });

  it('refuses people who are no members, and a key the new owner uses', async () => {
    const { id, key } = await makeProject(api, cast);
    const transfer = (userId: string) =>
      call('POST', `/${String(id)}/transfer`, cast.owner, { body: { userId } });
    const stranger = await transfer(cast.stranger.user.id);
    expect(refusal(stranger)).toEqual([422, 'member.not_a_member']);
    expect(pointersOf(stranger)).toEqual(['/body/userId']);
    const { owner, create } = await newOwner();
    expect((await create({ name: 'Mine', key })).status).toBe(201);
    await addTo(api, cast, String(id), owner, 'manager');
    const clash = await transfer(owner.user.id);
    expect(refusal(clash)).toEqual([409, 'project.key_taken']);
    expect(clash.body.hint).toEqual(expect.any(String));
    expect((await read(String(id))).body.ownerId).toBe(cast.owner.user.id);
  });

  it('refuses a member whose account is disabled, for nobody could act as the owner then', async () => {
    const { id } = await makeProject(api, cast);
    const heir = await api.register('Locked Out');
    await addTo(api, cast, String(id), heir, 'manager');
    await UserModel.updateOne({ _id: heir.user.id }, { $set: { disabled: true } });
    const answer = await call('POST', `/${String(id)}/transfer`, cast.owner, {
      body: { userId: heir.user.id },
    });
    expect(refusal(answer)).toEqual([422, 'member.not_a_member']);
    expect((await stored(String(id)))?.ownerId.toHexString()).toBe(cast.owner.user.id);
  });

  it('has one winner among rivals', async () => {
    const { id } = await makeProject(api, cast);
    const targets = Array.from({ length: 12 }, (_, turn) => (turn % 2 ? cast.member : cast.manager));
    const answers = await Promise.all(
      targets.map(({ user }) =>
        call('POST', `/${String(id)}/transfer`, cast.owner, { body: { userId: user.id } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(11).fill(403)]);
    expect((await stored(String(id)))?.members.filter(({ role }) => role === 'owner')).toHaveLength(1);
  });
});

describe('the list of projects', () => {
  it('has the projects of the caller, as the single resource shows them', async () => {
    const { owner, create } = await newOwner();
    const { body } = await create({ name: 'Only mine' });
    const list = await call('GET', '', owner, { query: { count: 'true' } });
    expect(list.body).toEqual({ items: [body], nextCursor: null, total: 1 });
    expect((await call('GET', '', await api.register())).body).toEqual({ items: [], nextCursor: null });
    expect((await api.request('GET', '/api/projects')).status).toBe(401);
  });

  it('walks every sort to the end, each project once, whatever its name', async () => {
    const { owner, create } = await newOwner();
    const names = ['eagle', 'Éclair', 'Zoo', 'ant', 'Ant', '한'.repeat(200), 'ﷺ'.repeat(200), '日本'];
    const made = [];
    for (const name of names) made.push((await create({ name })).body);
    for (const sort of ['name', 'createdAt', 'updatedAt'].flatMap((field) => [field, `-${field}`])) {
      const walked: { id: string; name: string }[] = [];
      let cursor: string | undefined;
      do {
        const query = { sort, limit: '1', ...(cursor !== undefined && { cursor }) };
        const { status, body } = await call('GET', '', owner, { query });
        expect(status).toBe(200);
        walked.push(...(body.items as typeof walked));
        cursor = (body.nextCursor as string | null) ?? undefined;
      } while (cursor !== undefined);
      const field = sort.replace('-', '');
      expect(walked.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => String(id)).sort());
      const latin = walked.map(({ name }) => name.normalize('NFD')).filter((name) => /^[A-Za-z]/.test(name));
      const folded = latin.map((name) => name.replace(/\p{M}/gu, '').toLowerCase());
      if (field === 'name')
        expect(sort === 'name' ? folded : folded.reverse()).toEqual(['ant', 'ant', 'eagle', 'eclair', 'zoo']);
      if (field === 'createdAt')
        expect(walked.map(({ id }) => id)).toEqual(
          (sort === 'createdAt' ? made : made.toReversed()).map(({ id }) => String(id)),
        );
    }
  });

  it('filters by status, role and the beginning of name or key', async () => {
    const { owner, create } = await newOwner();
    const [alpha, beta] = [
      (await create({ name: 'Ärger mit Straßen', key: 'ZZ' })).body,
      (await create({ name: 'Beta', key: 'ARG', status: 'completed' })).body,
    ];
    const { body: foreign } = await call('POST', '', cast.owner, {
      body: { name: 'Foreign', collaboratorIds: [owner.user.id] },
    });
    const find = async (query: Sending['query']) =>
      idsOf(await call('GET', '', owner, { query: { sort: 'createdAt', ...query } }));
    expect(await find({ status: 'completed' })).toEqual([beta.id]);
    expect(await find({ status: ['completed', 'active'], role: 'owner' })).toEqual([alpha.id, beta.id]);
    expect(await find({ role: ['member', 'viewer'] })).toEqual([foreign.id]);
    expect(await find({ q: 'arg' })).toEqual([alpha.id, beta.id]);
    expect(await find({ q: 'ÄRG', status: 'active' })).toEqual([alpha.id]);
    expect(await find({ q: 'ARGER MIT STRASSEN' })).toEqual([alpha.id]);
    expect(await find({ q: 'rger' })).toEqual([]);
    expect(await find({ q: '\u0301' }), 'nothing is left of a lone accent').toEqual([]);
    const rocket = await call('POST', '', owner, { body: { name: 'Plan🚀 rocket' } });
    expect(await find({ q: 'plan' })).toEqual([rocket.body.id]);
  });

  it('refuses a cursor of another question, a forged one, and unknown parameters, each by its place', async () => {
    const first = await call('GET', '', cast.owner, { query: { sort: 'name', limit: '1' } });
    const cursor = String(first.body.nextCursor);
    const next = (query: Sending['query']) => call('GET', '', cast.owner, { query: { cursor, ...query } });
    expect((await next({ sort: 'name', limit: '2' })).status).toBe(200);
    for (const query of [{ sort: '-name' }, { sort: 'name', status: 'active' }, { sort: 'name', q: 'p' }, {}])
      expect(refusal(await next(query))).toEqual([400, 'request.invalid_cursor']);
    const parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as object;
    for (const value of [null, 7, { t: 5 }, { t: 1e99 }, { $gt: '' }]) {
      const forged = Buffer.from(JSON.stringify({ ...parsed, v: value })).toString('base64url');
      expect(refusal(await next({ sort: 'name', cursor: forged }))).toEqual([400, 'request.invalid_cursor']);
    }
    const query = { limit: '201', sort: 'colour', deleted: 'yes', role: 'boss', colour: 'red', count: '1' };
    const answer = await call('GET', '', cast.owner, { query });
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    expect(pointersOf(answer)).toEqual(
      [
        '/query/colour',
        '/query/count',
        '/query/deleted',
        '/query/limit',
        '/query/role/0',
        '/query/sort',
      ].sort(),
    );
  });
});
