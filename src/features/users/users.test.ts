import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../../../test/app.ts';
import { makeAdmin } from '../../../test/scene.ts';
import { EventModel } from '../../events/index.ts';

let api: TestApp;
beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());

const users = () => mongoose.connection.collection('users');
const idOf = ({ user }: Person) => new mongoose.Types.ObjectId(user.id);
const stored = (person: Person) => users().findOne({ _id: idOf(person) });
const eventsOf = async (person: Person) =>
  (await EventModel.find({ 'subject.id': person.user.id }).sort({ at: 1, _id: 1 }).lean()).filter(
    ({ name }) => name !== 'user.registered',
  );
const call = (method: string, path: string, { token }: { token: string }, body?: unknown, headers = {}) =>
  api.request(method, `/api/users${path}`, { token, body, headers });

const registerAdmin = () => makeAdmin(api);

describe('one’s own account', () => {
  it('is shown without anything secret', async () => {
    const person = await api.register();
    const { status, body, headers } = await call('GET', '/me', person);
    expect(status).toBe(200);
    expect(body).toEqual(person.user);
    expect(headers.etag).toBe('"1"');
  });

  it('changes field by field with one event that lists what changed', async () => {
    const person = await api.register();
    const change = { name: 'Ada King', avatar: 'https://example.com/a.png', timeZone: 'Europe/London' };
    const { status, body, headers } = await call('PATCH', '/me', person, change);
    expect([status, headers.etag]).toEqual([200, '"2"']);
    expect(body).toEqual({ ...person.user, ...change, version: 2, updatedAt: expect.any(String) });
    const cleared = await call('PATCH', '/me', person, { avatar: null });
    expect(cleared.body).toMatchObject({ avatar: null, name: 'Ada King', version: 3 });
    const events = await eventsOf(person);
    expect(events.map(({ name, changes, subject }) => [name, subject.version, changes])).toEqual([
      [
        'user.updated',
        2,
        [
          { field: 'name', from: 'Test Person', to: 'Ada King' },
          { field: 'avatar', from: null, to: change.avatar },
          { field: 'timeZone', from: 'UTC', to: 'Europe/London' },
        ],
      ],
      ['user.updated', 3, [{ field: 'avatar', from: change.avatar, to: null }]],
    ]);
  });

  it('stays as it is, without an event, when nothing differs', async () => {
    const person = await api.register();
    for (const same of [{}, { name: person.user.name }]) {
      const { body } = await call('PATCH', '/me', person, same);
      expect(body).toEqual(person.user);
    }
    expect(await eventsOf(person)).toEqual([]);
  });

  it('is not changed by who read an older version', async () => {
    const person = await api.register();
    await call('PATCH', '/me', person, { name: 'First' });
    const { status, body } = await call('PATCH', '/me', person, { name: 'Second' }, { 'if-match': '"1"' });
    expect([status, body.code, body.version, body.changedFields]).toEqual([
      412,
      'resource.changed',
      2,
      ['name'],
    ]);
    expect(body.changes).toMatchObject([{ event: 'user.updated', by: person.user.id }]);
    expect((await stored(person))?.['name']).toBe('First');
    const fits = await call('PATCH', '/me', person, { name: 'Second' }, { 'if-match': '"2"' });
    expect(fits.status).toBe(200);
  });

  it('is not told which administrator changed it', async () => {
    const [admin, person] = [await registerAdmin(), await api.register()];
    const asAdmin = await call('PATCH', `/${person.user.id}`, admin, { roles: ['admin'] });
    expect(asAdmin.status).toBe(200);
    const { status, body } = await call('PATCH', '/me', person, { name: 'New' }, { 'if-match': '"1"' });
    expect([status, body.changes]).toMatchObject([412, [{ event: 'user.role_changed', by: null }]]);
  });

  it.each([
    [{ name: '' }, '/body/name'],
    [{ name: null }, '/body/name'],
    [{ avatar: 'http://example.com/a.png' }, '/body/avatar'],
    [{ avatar: 'javascript:alert(1)' }, '/body/avatar'],
    [{ timeZone: 'Mars/Olympus' }, '/body/timeZone'],
    [{ timeZone: '+01:00' }, '/body/timeZone'],
    [{ email: 'new@example.com' }, '/body/currentPassword'],
    [{ roles: ['admin'] }, '/body/roles'],
    [{ disabled: false }, '/body/disabled'],
    [{ emailNormalised: 'x' }, '/body/emailNormalised'],
    [{ version: 7 }, '/body/version'],
  ])('refuses %j', async (body, pointer) => {
    const person = await api.register();
    const answer = await call('PATCH', '/me', person, body);
    expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, pointer]);
    expect((await stored(person))?.['version']).toBe(1);
  });

  it('gets another e-mail address only by the password, and only a free one', async () => {
    const [person, other] = [await api.register(), await api.register()];
    const email = `New.${person.email}`;
    const change = (to: string, currentPassword: string) =>
      call('PATCH', '/me', person, { email: to, currentPassword });
    expect((await change(email, 'not the password')).body.code).toBe('auth.wrong_password');
    const taken = await change(other.email.toUpperCase(), person.password);
    expect([taken.status, taken.body.code]).toEqual([409, 'auth.email_taken']);
    expect((await eventsOf(person)).map(({ name }) => name)).toEqual(['session.refused']);
    expect((await change(email, person.password)).body.email).toBe(email);
    const login = (address: string) =>
      api.request('POST', '/api/auth/login', { body: { email: address, password: person.password } });
    expect((await login(person.email)).status).toBe(401);
    expect((await login(email.toLowerCase())).status).toBe(200);
    expect((await eventsOf(person)).map(({ name }) => name)).toEqual(['session.refused', 'user.updated']);
    const register = (address: string) =>
      api.request('POST', '/api/auth/register', {
        body: { name: 'Next', email: address, password: person.password },
      });
    expect((await register(email)).status).toBe(409);
    expect((await register(person.email)).status).toBe(201);
    expect((await change(person.email, person.password)).status).toBe(409);
  });

  it('gives a free address to one of two who want it', async () => {
    const rivals = [await api.register(), await api.register()];
    const email = `wanted.${String(Date.now())}@example.com`;
    const answers = await Promise.all(
      rivals.map((person) => call('PATCH', '/me', person, { email, currentPassword: person.password })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await users().countDocuments({ email })).toBe(1);
  });
});

describe('other people', () => {
  it('are seen by those who share a project with them, without their address', async () => {
    const [owner, member, stranger] = [
      await api.register('Owner'),
      await api.register('Member'),
      await api.register(),
    ];
    const project = await api.request('POST', '/api/projects', {
      token: owner.token,
      body: { name: 'Shared' },
    });
    await api.request('POST', `/api/projects/${String(project.body.id)}/members`, {
      token: owner.token,
      body: { userId: member.user.id, role: 'viewer' },
    });
    const seen = { id: owner.user.id, name: 'Owner', avatar: null };
    expect((await call('GET', `/${owner.user.id}`, member)).body).toEqual(seen);
    expect((await call('GET', `/${owner.user.id}`, owner)).body).toEqual(seen);
    const hidden = await call('GET', `/${owner.user.id}`, stranger);
    const missing = await call('GET', `/${'0'.repeat(24)}`, stranger);
    const malformed = await call('GET', '/x', stranger);
    for (const { status, body } of [hidden, missing, malformed]) {
      expect([status, body.code]).toEqual([404, 'user.not_found']);
    }
    const forbidden = await call('PATCH', `/${owner.user.id}`, member, { disabled: true });
    expect(forbidden.body).toMatchObject({
      status: 403,
      code: 'access.denied',
      permission: 'user.administer',
      roles: ['admin'],
    });
    expect((await call('PATCH', `/${owner.user.id}`, stranger, { disabled: true })).status).toBe(404);
    expect((await stored(owner))?.['disabled']).toBe(false);
  });
});

describe('administrators', () => {
  it('see whole accounts, others do not see the list', async () => {
    const [admin, person] = [await registerAdmin(), await api.register()];
    const { body, headers } = await call('GET', `/${person.user.id}`, admin);
    expect(body).toEqual({ ...person.user, disabled: false });
    expect(headers.etag).toBe('"1"');
    const { status, body: refusal } = await call('GET', '', person);
    expect([status, refusal.code]).toEqual([403, 'access.denied']);
  });

  it('find accounts by the start of a name, a word or an address, and by state', async () => {
    const admin = await registerAdmin();
    const person = await api.register('Zacharias Quux');
    const find = async (query: Record<string, string>) => {
      const { status, body } = await api.request('GET', '/api/users', { token: admin.token, query });
      expect(status).toBe(200);
      return (body.items as { id: string }[]).map(({ id }) => id);
    };
    for (const q of ['zach', 'QUU', 'Zacharias Qu', person.email.slice(0, 14)]) {
      expect(await find({ q }), q).toEqual([person.user.id]);
    }
    expect(await find({ q: 'acharias' })).toEqual([]);
    expect(await find({ q: '.*' })).toEqual([]);
    expect(await find({ role: 'admin', limit: '200' })).toContain(admin.user.id);
    expect(await find({ role: 'admin', limit: '200' })).not.toContain(person.user.id);
    expect(await find({ q: 'zach', disabled: 'true' })).toEqual([]);
    expect(await find({ q: 'zach', disabled: 'false' })).toEqual([person.user.id]);
  });

  it.each(['createdAt', '-createdAt', 'name', '-name', 'email', '-email'])(
    'walk all accounts sorted by %s, each exactly once',
    async (sort) => {
      const admin = await registerAdmin();
      const seen: Record<string, string>[] = [];
      let cursor: string | null = null;
      do {
        const { body } = await api.request('GET', '/api/users', {
          token: admin.token,
          query: { sort, limit: '7', count: 'true', ...(cursor !== null && { cursor }) },
        });
        expect(body.total).toBe(await users().countDocuments({}));
        seen.push(...body.items);
        cursor = body.nextCursor;
      } while (cursor !== null);
      expect(new Set(seen.map(({ id }) => id)).size).toBe(await users().countDocuments({}));
      expect(seen).toHaveLength(await users().countDocuments({}));
      const keys = seen.map((user) => (user[sort.replace('-', '')] ?? '').toLowerCase());
      const sorted = [...keys].sort();
      expect(keys).toEqual(sort.startsWith('-') ? sorted.reverse() : sorted);
    },
  );

  it('shut an account out at once and let it in again', async () => {
    const [admin, person] = [await registerAdmin(), await api.register()];
    expect((await call('GET', '/me', person)).status).toBe(200);
    const off = await call('PATCH', `/${person.user.id}`, admin, { disabled: true });
    expect(off.body).toMatchObject({ disabled: true, version: 2 });
    const shut = await call('GET', '/me', person);
    expect([shut.status, shut.body.code]).toEqual([401, 'auth.account_disabled']);
    await call('PATCH', `/${person.user.id}`, admin, { disabled: false });
    expect((await call('GET', '/me', person)).status).toBe(200);
    const events = await eventsOf(person);
    expect(events.map(({ name, actorId }) => [name, actorId?.toHexString()])).toEqual([
      ['user.disabled', admin.user.id],
      ['user.enabled', admin.user.id],
    ]);
  });

  it('make and unmake administrators, who can act at their next request', async () => {
    const [admin, person] = [await registerAdmin(), await api.register()];
    expect((await call('GET', '', person)).status).toBe(403);
    await call('PATCH', `/${person.user.id}`, admin, { roles: ['admin'] });
    expect((await call('GET', '', person)).status).toBe(200);
    await call('PATCH', `/${person.user.id}`, admin, { roles: [] });
    expect((await call('GET', '', person)).status).toBe(403);
    expect((await eventsOf(person)).map(({ name, changes }) => [name, changes])).toEqual([
      ['user.role_changed', [{ field: 'roles', from: [], to: ['admin'] }]],
      ['user.role_changed', [{ field: 'roles', from: ['admin'], to: [] }]],
    ]);
  });

  it('change nothing but roles and access', async () => {
    const [admin, person] = [await registerAdmin(), await api.register()];
    for (const body of [
      { name: 'x' },
      { email: 'x@example.com' },
      { roles: ['root'] },
      { roles: ['admin', 'admin'] },
    ]) {
      expect((await call('PATCH', `/${person.user.id}`, admin, body)).status, JSON.stringify(body)).toBe(400);
    }
    const stale = await call('PATCH', `/${person.user.id}`, admin, { disabled: true }, { 'if-match': '"9"' });
    expect(stale.status).toBe(412);
    expect((await stored(person))?.['version']).toBe(1);
  });

  it('never leave the site without one, even when all go at once', async () => {
    const app = api;
    const other = await api.second();
    await users().updateMany({}, { $set: { roles: [] } });
    const admins = await Promise.all([1, 2, 3, 4, 5].map(() => registerAdmin()));
    const answers = await Promise.all(
      admins.map(({ token, user }, index) =>
        (index % 2 === 0 ? app : other).request('PATCH', `/api/users/${user.id}`, {
          token,
          body: index < 3 ? { roles: [] } : { disabled: true },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.code).toBe('user.last_admin');
    expect(await users().countDocuments({ roles: 'admin', disabled: false })).toBe(1);
    const names = (await Promise.all(admins.map(eventsOf))).flat().map(({ name }) => name);
    expect(names).toHaveLength(4);
  });
});

describe('deleting one’s account', () => {
  const remove = (person: Person, currentPassword = person.password) =>
    call('DELETE', '/me', person, { currentPassword });

  it('needs the password', async () => {
    const person = await api.register();
    expect((await remove(person, 'not the password')).body.code).toBe('auth.wrong_password');
    expect((await call('GET', '/me', person)).status).toBe(200);
  });

  it('ends every session, frees the address and forgets who it was', async () => {
    const person = await api.register('Somebody Unforgettable');
    expect((await remove(person)).status).toBe(204);
    expect((await call('GET', '/me', person)).body.code).toBe('auth.session_ended');
    const credentials = { email: person.email, password: person.password };
    expect((await api.request('POST', '/api/auth/login', { body: credentials })).status).toBe(401);
    expect(JSON.stringify(await stored(person))).not.toMatch(/Unforgettable|@example/i);
    expect(await mongoose.connection.collection('credentials').findOne({ _id: idOf(person) })).toBeNull();
    expect((await eventsOf(person)).map(({ name, changes }) => [name, changes])).toEqual([
      ['user.deleted', []],
    ]);
    const again = await api.request('POST', '/api/auth/register', { body: { name: 'Next', ...credentials } });
    expect(again.status).toBe(201);
    const admin = await registerAdmin();
    expect((await call('GET', `/${person.user.id}`, admin)).status).toBe(404);
  });

  it('is refused while others work in projects of the user, naming them', async () => {
    const [owner, member] = [await api.register(), await api.register()];
    const make = (name: string) =>
      api.request('POST', '/api/projects', { token: owner.token, body: { name } });
    const [shared, alone] = [await make('Shared'), await make('Alone')];
    await api.request('POST', `/api/projects/${String(shared.body.id)}/members`, {
      token: owner.token,
      body: { userId: member.user.id, role: 'member' },
    });
    const { status, body } = await remove(owner);
    expect([status, body.code]).toEqual([409, 'user.owns_projects']);
    expect(body.projects).toEqual([{ id: shared.body.id, key: shared.body.key }]);
    const path = `/api/projects/${String(shared.body.id)}`;
    expect((await api.request('DELETE', path, { token: owner.token })).status).toBe(204);
    const second = await make('Second');
    await api.request('POST', `/api/projects/${String(second.body.id)}/members`, {
      token: owner.token,
      body: { userId: member.user.id, role: 'member' },
    });
    // The one in the trash can still come back.
    const both = await remove(owner);
    expect(both.status).toBe(409);
    const named = both.body.projects as { id: string }[];
    expect(new Set(named.map(({ id }) => id))).toEqual(new Set([shared.body.id, second.body.id]));
    const membership = `/api/projects/${String(second.body.id)}/members/${member.user.id}`;
    expect((await api.request('DELETE', membership, { token: owner.token })).status).toBe(204);
    expect((await api.request('POST', `${path}/restore`, { token: owner.token })).status).toBe(200);
    expect((await call('GET', '/me', owner)).status).toBe(200);
    expect((await remove(member)).status).toBe(204);
    const { body: emptied } = await api.request('GET', `/api/projects/${String(shared.body.id)}`, {
      token: owner.token,
    });
    expect(emptied.collaboratorIds).toEqual([]);
    expect((await remove(owner)).status).toBe(204);
    const left = await mongoose.connection
      .collection('projects')
      .find({
        _id: { $in: [shared, alone].map(({ body: { id } }) => new mongoose.Types.ObjectId(String(id))) },
      })
      .toArray();
    expect(left.filter(({ deletedAt }) => deletedAt === null)).toEqual([]);
  });

  it('is refused to the last administrator', async () => {
    await users().updateMany({}, { $set: { roles: [] } });
    const admin = await registerAdmin();
    const { status, body } = await remove(admin);
    expect([status, body.code]).toEqual([409, 'user.last_admin']);
    await registerAdmin();
    expect((await remove(admin)).status).toBe(204);
  });
});
