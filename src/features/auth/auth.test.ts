import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../../../test/app.ts';
import { bcryptHasher } from '../../access/password-hasher.ts';
import { EventModel } from '../../events/index.ts';

let api: TestApp;
beforeAll(async () => {
  api = await startApp();
});
afterAll(() => api.close());

const collection = (name: string) => mongoose.connection.collection(name);
const post = (path: string, body?: unknown, token?: string) =>
  api.request('POST', `/api/auth/${path}`, { body, token });
const login = ({ email, password }: Pick<Person, 'email' | 'password'>) => post('login', { email, password });
const refresh = (refreshToken: string) => post('refresh', { refreshToken });
const me = (token: string, on = api) => on.request('GET', '/api/users/me', { token });

/** The events of one kind about a user or one of their sessions. */
const eventsOf = (name: string, userId: string) =>
  EventModel.find({ name, $or: [{ 'data.userId': userId }, { 'subject.id': userId }] })
    .sort({ at: 1 })
    .lean();
const pointersOf = ({ errors }: { errors: { pointer: string }[] }) => errors.map(({ pointer }) => pointer);
const fresh = (tag: string) => ({
  name: 'Grace Hopper',
  email: `${tag}.${String(Date.now())}@example.org`,
  password: 'seven violet teapots',
});

describe('registration', () => {
  it('makes an account, logs in and announces it once', async () => {
    const draft = fresh('Amazing');
    const { status, body } = await post('register', draft);
    expect(status).toBe(201);
    expect(body).toEqual({
      token: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 900,
      refreshToken: expect.any(String),
      refreshExpiresIn: 2_592_000,
      user: {
        id: expect.stringMatching(/^[0-9a-f]{24}$/),
        name: draft.name,
        email: draft.email,
        avatar: null,
        timeZone: 'UTC',
        roles: [],
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        version: 1,
      },
    });
    expect((await me(body.token)).body).toEqual(body.user);
    const events = await EventModel.find({
      actorId: new mongoose.Types.ObjectId(String(body.user.id)),
    }).lean();
    expect(events.map(({ name, subject }) => [name, subject])).toEqual([
      ['user.registered', { type: 'user', id: body.user.id, version: 1 }],
    ]);
  });

  it('keeps neither password nor token, only hashes apart from the user', async () => {
    const { password, refreshToken, user } = await api.register();
    const _id = new mongoose.Types.ObjectId(user.id);
    const stored = [];
    for (const { name } of await mongoose.connection.listCollections()) {
      stored.push(...(await collection(name).find().toArray()));
    }
    const everything = JSON.stringify(stored);
    expect(everything).not.toContain(password);
    expect(everything).not.toContain(refreshToken);
    expect(Object.keys((await collection('users').findOne({ _id })) ?? {})).not.toContain('hash');
    expect(await collection('credentials').findOne({ _id })).toMatchObject({
      hash: expect.stringMatching(/^\$2b\$/),
      pepperId: null,
    });
  });

  it('takes an address once, however it is written', async () => {
    const draft = fresh('zo\u00eb');
    expect((await post('register', draft)).status).toBe(201);
    for (const email of [draft.email, draft.email.toUpperCase(), `  ${draft.email.normalize('NFD')} `]) {
      const { status, body } = await post('register', { ...draft, email });
      expect([status, body.code]).toEqual([409, 'auth.email_taken']);
    }
    expect((await login({ ...draft, email: draft.email.toUpperCase() })).status).toBe(200);
  });

  it('gives one of many rivals for an address the account', async () => {
    const draft = fresh('rival');
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('register', draft)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(11).fill(409)]);
    expect(await collection('users').countDocuments({ email: draft.email })).toBe(1);
    const userId = String(answers.find(({ status }) => status === 201)?.body.user.id);
    expect(await eventsOf('user.registered', userId)).toHaveLength(1);
  });

  it('refuses weak passwords with every reason and stores nothing', async () => {
    const draft = { ...fresh('weak'), password: 'hopper1' };
    const { status, body } = await post('register', draft);
    expect([status, body.code]).toEqual([422, 'auth.weak_password']);
    expect(pointersOf(body)).toEqual(['/body/password', '/body/password']);
    expect(await collection('users').countDocuments({ email: draft.email })).toBe(0);
  });

  it('refuses unknown and malformed fields, each by its place', async () => {
    const { status, body } = await post('register', {
      name: ' ',
      email: 'nowhere',
      password: 'seven violet teapots',
      roles: ['admin'],
    });
    expect([status, body.code]).toEqual([400, 'request.invalid']);
    expect(pointersOf(body).sort()).toEqual(['/body/email', '/body/name', '/body/roles']);
  });
});

describe('login', () => {
  it('opens a session of its own and announces it once', async () => {
    const person = await api.register();
    const { status, body } = await login(person);
    expect(status).toBe(200);
    expect(body.user).toEqual(person.user);
    expect((await me(body.token)).status).toBe(200);
    const events = await eventsOf('session.started', person.user.id);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ subject: { type: 'session' }, changes: [] });
    expect(events[0]?.actorId?.toHexString()).toBe(person.user.id);
  });

  it('answers a wrong password and an unknown address with the same bytes', async () => {
    const person = await api.register();
    const wrong = await login({ ...person, password: 'not the password' });
    const unknown = await login({ email: 'nobody.at.all@example.com', password: 'not the password' });
    expect([wrong.status, wrong.body.code]).toEqual([401, 'auth.invalid_credentials']);
    expect(unknown.status).toBe(401);
    expect({ ...unknown.body, instance: '' }).toEqual({ ...wrong.body, instance: '' });
    expect(Object.keys(unknown.headers).sort()).toEqual(Object.keys(wrong.headers).sort());
  });

  it('records a refusal once, by nobody', async () => {
    const person = await api.register();
    await login({ ...person, password: 'not the password' });
    const events = await eventsOf('session.refused', person.user.id);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ actorId: null, data: { reason: 'wrong_password' } });
    expect(JSON.stringify(events)).not.toContain('not the password');
  });

  it('takes the password however its accents are composed', async () => {
    const draft = { ...fresh('accents'), password: 'caf\u00e9 sous la pluie' };
    await post('register', draft);
    expect((await login({ ...draft, password: draft.password.normalize('NFD') })).status).toBe(200);
  });

  it('replaces a hash of before a rotation and keeps the other sessions', async () => {
    const person = await api.register();
    const _id = new mongoose.Types.ObjectId(person.user.id);
    const { bcryptCost, ...rest } = api.instance.deps.config;
    const outdated = await bcryptHasher({ ...rest, bcryptCost: bcryptCost + 1 }).hash(person.password);
    await collection('credentials').updateOne({ _id }, { $set: outdated });
    expect((await login(person)).status).toBe(200);
    const renewed = await collection('credentials').findOne({ _id });
    expect(renewed?.['hash']).toMatch(/^\$2b\$04\$/);
    expect((await login(person)).status).toBe(200);
    expect((await collection('credentials').findOne({ _id }))?.['hash']).toBe(renewed?.['hash']);
    expect((await me(person.token)).status).toBe(200);
  });

  it('shuts a disabled account out, but tells only those who know the password', async () => {
    const person = await api.register();
    await collection('users').updateOne({ email: person.email }, { $set: { disabled: true } });
    expect((await login(person)).body.code).toBe('auth.account_disabled');
    expect((await refresh(person.refreshToken)).body.code).toBe('auth.account_disabled');
    expect((await login({ ...person, password: 'wrong' })).body.code).toBe('auth.invalid_credentials');
  });
});

describe('refresh', () => {
  it('gives new tokens of the same session', async () => {
    const person = await api.register();
    const { status, body } = await refresh(person.refreshToken);
    expect(status).toBe(200);
    expect(body.user).toEqual(person.user);
    expect(body.refreshToken).not.toBe(person.refreshToken);
    expect((await me(body.token)).status).toBe(200);
    expect((await me(person.token)).status).toBe(200);
    expect(await eventsOf('session.refreshed', person.user.id)).toHaveLength(1);
    const { body: list } = await api.request('GET', '/api/auth/sessions', { token: body.token });
    expect(list.items).toHaveLength(1);
  });

  it('outlives the access token', async () => {
    const app = await api.second();
    const person = await app.register();
    app.clock.advance(15 * 60_000);
    const late = await me(person.token, app);
    expect([late.status, late.body.code]).toEqual([401, 'auth.invalid_token']);
    expect((await refresh(person.refreshToken)).status).toBe(200);
  });

  it('used again within ten seconds gives siblings in one session', async () => {
    const other = await api.second();
    const person = await api.register();
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? api : other).request('POST', '/api/auth/refresh', {
          body: { refreshToken: person.refreshToken },
        }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ body }) => String(body.refreshToken))).size).toBe(20);
    const userId = new mongoose.Types.ObjectId(person.user.id);
    expect(await collection('sessions').countDocuments({ userId })).toBe(1);
    for (const { body } of answers) expect((await refresh(String(body.refreshToken))).status).toBe(200);
  });

  it('used again later ends the session with everything in it, and records that once', async () => {
    const person = await api.register();
    const { body: next } = await refresh(person.refreshToken);
    expect((await me(next.token)).status).toBe(200);
    api.clock.advance(10_001);
    const stolen = await Promise.all([1, 2, 3].map(() => refresh(person.refreshToken)));
    expect(stolen.map(({ body }) => String(body.code))).toEqual(Array(3).fill('auth.invalid_refresh_token'));
    expect((await me(next.token)).body.code).toBe('auth.session_ended');
    expect((await refresh(next.refreshToken)).body.code).toBe('auth.invalid_refresh_token');
    const events = await eventsOf('session.reuse_detected', person.user.id);
    expect(events).toHaveLength(1);
    expect(events[0]?.actorId).toBeNull();
    expect((await login(person)).status).toBe(200);
  });

  it('ends with its own time, which every use prolongs', async () => {
    const day = 86_400_000;
    const [person, idle] = [await api.register(), await api.register()];
    api.clock.advance(29 * day);
    const { body: next } = await refresh(person.refreshToken);
    api.clock.advance(2 * day);
    expect((await refresh(idle.refreshToken)).body.code).toBe('auth.invalid_refresh_token');
    expect((await refresh(next.refreshToken)).status).toBe(200);
  });

  it('refuses anything else', async () => {
    const { token } = await api.register();
    for (const wrong of ['x', token, '0'.repeat(43)]) {
      const { status, body } = await refresh(wrong);
      expect([status, body.code]).toEqual([401, 'auth.invalid_refresh_token']);
    }
    expect((await post('refresh', { refreshToken: { $ne: null } })).status).toBe(400);
  });
});

describe('logout', () => {
  it('ends this session at once and no other', async () => {
    const person = await api.register();
    const { body: other } = await login(person);
    expect((await me(person.token)).status).toBe(200);
    expect((await post('logout', undefined, person.token)).status).toBe(204);
    expect((await me(person.token)).body.code).toBe('auth.session_ended');
    expect((await refresh(person.refreshToken)).body.code).toBe('auth.invalid_refresh_token');
    expect((await me(other.token)).status).toBe(200);
    expect(await eventsOf('session.ended', person.user.id)).toHaveLength(1);
  });

  it('reaches other processes within a second', async () => {
    const other = await api.second();
    const person = await api.register();
    expect((await me(person.token, other)).status).toBe(200);
    await post('logout', undefined, person.token);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await me(person.token, other)).body.code).toBe('auth.session_ended');
  });

  it('from all ends every session with one event', async () => {
    const person = await api.register();
    const sessions = [person.token];
    while (sessions.length < 3) sessions.push(String((await login(person)).body.token));
    for (const token of sessions) expect((await me(token)).status).toBe(200);
    expect((await post('logout-all', undefined, person.token)).status).toBe(204);
    for (const token of sessions) expect((await me(token)).body.code).toBe('auth.session_ended');
    const events = await eventsOf('session.ended', person.user.id);
    expect(events.map(({ data }) => data)).toEqual([{ userId: person.user.id, count: 3 }]);
  });
});

describe('the list of sessions', () => {
  it('names device, address and which one asks, the last opened first', async () => {
    const person = await api.register();
    const phone = await api.request('POST', '/api/auth/login', {
      body: { email: person.email, password: person.password },
      headers: { 'user-agent': 'Phone/1.0' },
    });
    const { body } = await api.request('GET', '/api/auth/sessions', { token: person.token });
    expect(body).toEqual({
      items: [
        {
          id: expect.any(String),
          device: 'Phone/1.0',
          address: '127.0.0.1',
          createdAt: expect.any(String),
          lastUsedAt: expect.any(String),
          expiresAt: expect.any(String),
          current: false,
        },
        expect.objectContaining({ device: 'unknown', current: true }),
      ],
      nextCursor: null,
    });
    const id = String(body.items[0].id);
    const stranger = await api.register();
    const asStranger = await api.request('DELETE', `/api/auth/sessions/${id}`, { token: stranger.token });
    expect([asStranger.status, asStranger.body.code]).toEqual([404, 'auth.session_not_found']);
    expect((await me(phone.body.token)).status).toBe(200);
    const end = () => api.request('DELETE', `/api/auth/sessions/${id}`, { token: person.token });
    expect((await end()).status).toBe(204);
    expect((await me(phone.body.token)).body.code).toBe('auth.session_ended');
    expect((await end()).body.code).toBe('auth.session_not_found');
    expect(await eventsOf('session.ended', person.user.id)).toHaveLength(1);
  });

  it('is walked page by page', async () => {
    const person = await api.register();
    for (let count = 0; count < 4; count += 1) await login(person);
    const seen = new Set<string>();
    let cursor: string | null = null;
    do {
      const { body } = await api.request('GET', '/api/auth/sessions', {
        token: person.token,
        query: { limit: '2', ...(cursor !== null && { cursor }) },
      });
      for (const { id } of body.items) seen.add(String(id));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(seen.size).toBe(5);
  });
});

describe('a password change', () => {
  const newPassword = 'nine violet kettles';
  const change = (token: string, currentPassword: string, next = newPassword) =>
    post('password', { currentPassword, newPassword: next }, token);

  it('keeps this session, ends every other and announces it once', async () => {
    const person = await api.register();
    const { body: other } = await login(person);
    expect((await me(other.token)).status).toBe(200);
    expect((await change(person.token, person.password)).status).toBe(204);
    expect((await me(person.token)).status).toBe(200);
    expect((await refresh(person.refreshToken)).status).toBe(200);
    expect((await me(other.token)).body.code).toBe('auth.session_ended');
    expect((await refresh(other.refreshToken)).body.code).toBe('auth.invalid_refresh_token');
    expect((await login(person)).body.code).toBe('auth.invalid_credentials');
    expect((await login({ ...person, password: newPassword })).status).toBe(200);
    const events = await eventsOf('user.password_changed', person.user.id);
    expect(events.map(({ data, changes }) => [data, changes])).toEqual([[{ endedSessions: 1 }, []]]);
  });

  it('needs the old password and a strong new one', async () => {
    const person = await api.register();
    const wrong = await change(person.token, 'not the password');
    expect([wrong.status, wrong.body.code]).toEqual([422, 'auth.wrong_password']);
    const [refused, ...others] = await eventsOf('session.refused', person.user.id);
    expect(others).toEqual([]);
    expect([String(refused?.actorId), refused?.data]).toEqual([
      person.user.id,
      expect.objectContaining({ reason: 'wrong_current_password' }),
    ]);
    const weak = await change(person.token, person.password, 'password123');
    expect([weak.status, weak.body.code]).toEqual([422, 'auth.weak_password']);
    expect(weak.body.errors[0].pointer).toBe('/body/newPassword');
    expect((await login(person)).status).toBe(200);
  });

  it('leaves no session to a login with the old password at the same moment', async () => {
    const person = await api.register();
    const [changed, ...logins] = await Promise.all([
      change(person.token, person.password),
      ...Array.from({ length: 8 }, () => login(person)),
    ]);
    expect(changed.status).toBe(204);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    for (const { status, body } of logins) {
      if (status === 200) expect((await me(body.token)).body.code).toBe('auth.session_ended');
    }
  });
});

describe('with registration closed', () => {
  it('nobody makes an account for themselves', async () => {
    await api.close();
    api = await startApp({ REGISTRATION: 'closed' });
    const { status, body } = await post('register', fresh('closed'));
    expect([status, body.code]).toEqual([403, 'auth.registration_closed']);
    expect(await collection('users').countDocuments({})).toBe(0);
  });
});
