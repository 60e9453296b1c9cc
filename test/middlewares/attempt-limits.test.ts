import mongoose from 'mongoose';
import { afterEach, describe, expect, it } from 'vitest';
import { startApp, type Answer, type TestApp } from '../app.ts';
import { refusal } from '../scene.ts';

let api: TestApp | undefined;

afterEach(async () => {
  await api?.close();
  api = undefined;
});

async function start(env: Record<string, string>): Promise<TestApp> {
  api = await startApp({ TRUSTED_PROXIES: '1', RATE_LIMIT_AUTH_PER_MINUTE: '100000', ...env });
  return api;
}

const home = '192.0.2.1';
const office = '198.51.100.7';
const password = 'correct horse 9 battery';
let attackers = 0;
/** Every guess comes from an address of its own. */
const elsewhere = (): string => {
  attackers += 1;
  return `203.0.${String(Math.floor(attackers / 250))}.${String(1 + (attackers % 250))}`;
};

const post = (app: TestApp, path: string, from: string, body: object): Promise<Answer> =>
  app.request('POST', `/api/auth/${path}`, { body, headers: { 'x-forwarded-for': from } });
const guess = (app: TestApp, email: string, from = elsewhere()): Promise<Answer> =>
  post(app, 'login', from, { email, password: 'wrong horse 9 battery' });
const login = (app: TestApp, email: string, from: string): Promise<Answer> =>
  post(app, 'login', from, { email, password });

async function victim(app: TestApp, email = 'Vera@Example.com'): Promise<string> {
  const answer = await post(app, 'register', home, { name: 'Vera', email, password });
  expect(answer.status).toBe(201);
  return email;
}

describe('the logins of one account', () => {
  it('are limited over all strange addresses and instances together', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '5' });
    const other = await app.second();
    const email = await victim(app);
    const statuses: number[] = [];
    for (const one of [app, other, app, other, app, other, app])
      statuses.push((await guess(one, email)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const refused = await guess(other, email.toLowerCase());
    expect(refusal(refused)).toEqual([429, 'rate.limited']);
    expect(refused.headers['ratelimit-policy']).toBe('"login";q=5;w=3600');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_500);
    expect((await login(app, email, elsewhere())).status).toBe(429);
    expect((await guess(app, 'somebody.else@example.com')).status).toBe(401);
  });

  it('stay open to whoever logged in from there before, while the attack goes on', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '5' });
    const other = await app.second();
    const email = await victim(app);
    expect((await login(other, email, office)).status).toBe(200);
    for (let round = 1; round <= 4; round += 1) {
      await Promise.all(Array.from({ length: 10 }, (_, at) => guess(at % 2 === 0 ? app : other, email)));
      expect((await guess(app, email)).status).toBe(429);
      expect((await login(app, email, home)).status).toBe(200);
      expect((await login(other, email, office)).status).toBe(200);
    }
  });

  it('are limited from a known address too, without effect on the others', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '3' });
    const email = await victim(app);
    expect((await login(app, email, office)).status).toBe(200);
    const statuses: number[] = [];
    for (let more = 0; more < 4; more += 1) statuses.push((await guess(app, email, office)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    expect((await login(app, email, office)).status).toBe(429);
    expect((await login(app, email, home)).status).toBe(200);
    expect((await guess(app, email)).status).toBe(401);
  });

  it('a failed login makes no address known', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '2' });
    const email = await victim(app);
    await guess(app, email, office);
    await guess(app, email, office);
    expect((await guess(app, email)).status).toBe(429);
    expect((await login(app, email, office)).status).toBe(429);
  });

  it('answer the same for an address that nobody has', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '3' });
    const email = await victim(app);
    const answersFor = async (whom: string): Promise<unknown[]> => {
      const answers: unknown[] = [];
      for (let sent = 0; sent < 5; sent += 1) {
        const { status, headers, body } = await guess(app, whom);
        answers.push([status, headers['ratelimit-policy'], { ...body, instance: '' }]);
      }
      return answers;
    };
    expect(await answersFor('nobody@example.com')).toEqual(await answersFor(email));
  });

  it('are known for 90 days without the address or the e-mail being stored', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '1' });
    const email = await victim(app);
    const known = mongoose.connection.collection('known_addresses');
    expect(JSON.stringify(await known.find().toArray())).not.toMatch(/vera|192\.0\.2/i);
    expect(await known.indexes()).toContainEqual(
      expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }),
    );
    expect((await guess(app, email)).status).toBe(401);
    expect((await login(app, email, home)).status).toBe(200);
    app.clock.advance(91 * 86_400_000);
    expect((await login(app, email, home)).status).toBe(429);
  });

  it('are not limited with 0', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '0' });
    const email = await victim(app);
    const answers = await Promise.all(Array.from({ length: 20 }, () => guess(app, email)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  });
});

describe('the refreshes of one session', () => {
  it('are limited in all instances together; the refused token still works and other sessions go on', async () => {
    const app = await start({ RATE_LIMIT_REFRESH_PER_MINUTE: '3' });
    const other = await app.second();
    const email = await victim(app);
    let { refreshToken } = (await login(app, email, home)).body;
    const second = (await login(app, email, home)).body;
    for (const one of [app, other, app]) {
      const answer = await post(one, 'refresh', elsewhere(), { refreshToken });
      expect(answer.status).toBe(200);
      refreshToken = answer.body.refreshToken;
    }
    for (const one of [other, app]) {
      const refused = await post(one, 'refresh', elsewhere(), { refreshToken });
      expect(refusal(refused)).toEqual([429, 'rate.limited']);
      expect(refused.headers['ratelimit-policy']).toBe('"refresh";q=3;w=60');
    }
    const digest = app.instance.deps.tokens.digestRefresh(String(refreshToken));
    const stored = await mongoose.connection.collection('refreshtokens').findOne({ hash: digest });
    expect(stored?.['usedAt']).toBeNull();
    const answer = await post(other, 'refresh', elsewhere(), { refreshToken: second.refreshToken });
    expect(answer.status).toBe(200);
  });

  it('count nothing for a token that nobody has', async () => {
    const app = await start({ RATE_LIMIT_REFRESH_PER_MINUTE: '1' });
    const made = () => post(app, 'refresh', elsewhere(), { refreshToken: 'made-up' });
    const answers = [await made(), await made(), await made()];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
  });
});

describe('the tries of the current password in one session', () => {
  it('are limited wherever it is asked for, and other sessions go on', async () => {
    const app = await start({ RATE_LIMIT_LOGIN_PER_HOUR: '5' });
    const other = await app.second();
    const email = await victim(app);
    const stolen = (await login(app, email, home)).body.token as string;
    const own = (await login(app, email, home)).body.token as string;
    const wrong = { currentPassword: 'wrong horse 9 battery' };
    const tries = [
      () => app.request('DELETE', '/api/users/me', { token: stolen, body: wrong }),
      () =>
        other.request('DELETE', '/api/users/me', { token: stolen, body: wrong, query: { dryRun: 'true' } }),
      () =>
        app.request('PATCH', '/api/users/me', { token: stolen, body: { ...wrong, email: 'a@example.com' } }),
      () =>
        other.request('POST', '/api/auth/password', { token: stolen, body: { ...wrong, newPassword: 'x' } }),
    ];
    const statuses: number[] = [];
    for (const one of [...tries, ...tries]) statuses.push((await one()).status);
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429, 429, 429]);
    const body = { currentPassword: password, newPassword: 'eight purple kettles' };
    expect((await app.request('POST', '/api/auth/password', { token: own, body })).status).toBe(204);
  });
});
