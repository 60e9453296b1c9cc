import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterEach, describe, expect, it } from 'vitest';
import { startApp, type Answer, type Person, type TestApp } from '../app.ts';
import { refusal } from '../scene.ts';

let api: TestApp | undefined;

afterEach(async () => {
  await api?.close();
  api = undefined;
});

async function start(env: Record<string, string>): Promise<TestApp> {
  api = await startApp(env);
  return api;
}

/** What is left of the quota and when it is whole again, as the answer says. */
function budgetIn({ headers }: Answer): { left: number; seconds: number } {
  const [, left, seconds] = /^"\w+";r=(\d+);t=(\d+)$/.exec(String(headers['ratelimit'])) ?? [];
  return { left: Number(left), seconds: Number(seconds) };
}

const me = (app: TestApp, { token }: Person): Promise<Answer> =>
  app.request('GET', '/api/users/me', { token });
const badLogin = (app: TestApp, headers: Record<string, string> = {}): Promise<Answer> =>
  app.request('POST', '/api/auth/login', {
    body: { email: 'nobody@example.com', password: 'wrong horse 9 battery' },
    headers,
  });

describe('a new counter', () => {
  it('counts everybody who arrives at the same moment', async () => {
    const app = await start({ RATE_LIMIT_AUTH_PER_MINUTE: '1000', TRUSTED_PROXIES: '1' });
    for (let round = 1; round <= 40; round += 1) {
      const from = { 'X-Forwarded-For': `192.0.2.${String(round)}` };
      const answers = await Promise.all(Array.from({ length: 6 }, () => badLogin(app, from)));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 401));
      expect(Math.min(...answers.map((answer) => budgetIn(answer).left))).toBe(994);
    }
  }, 60_000);
});

describe('the limit of a user', () => {
  it('is counted down in the headers, and refuses with the time to wait', async () => {
    const app = await start({ RATE_LIMIT_PER_MINUTE: '5' });
    const person = await app.register();
    for (const left of [4, 3, 2, 1, 0]) {
      const answer = await me(app, person);
      expect(answer.status).toBe(200);
      expect(answer.headers['ratelimit-policy']).toBe('"api";q=5;w=60');
      expect(budgetIn(answer).left).toBe(left);
    }
    const refused = await me(app, person);
    expect(refusal(refused)).toEqual([429, 'rate.limited']);
    const { left, seconds } = budgetIn(refused);
    expect([left, String(seconds)]).toEqual([0, refused.headers['retry-after']]);
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(60);
  });

  it('is everyone’s own, whatever the address', async () => {
    const app = await start({ RATE_LIMIT_PER_MINUTE: '3' });
    const [first, second] = [await app.register(), await app.register()];
    for (let sent = 0; sent < 4; sent += 1) await me(app, first);
    expect((await me(app, first)).status).toBe(429);
    expect((await me(app, second)).status).toBe(200);
  });

  it('counts guessed tokens against the address', async () => {
    const app = await start({ RATE_LIMIT_PER_MINUTE: '3' });
    const guess = () => app.request('GET', '/api/users/me', { token: 'a.b.c' });
    const statuses = [await guess(), await guess(), await guess(), await guess()].map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 401, 429]);
  });

  it('is off with 0', async () => {
    const app = await start({ RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_AUTH_PER_MINUTE: '0' });
    const person = await app.register();
    const answers = await Promise.all(Array.from({ length: 50 }, () => me(app, person)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers[0]?.headers['ratelimit']).toBeUndefined();
  });

  it('is shared by two instances within two seconds', async () => {
    const app = await start({ RATE_LIMIT_PER_MINUTE: '10' });
    const other = await app.second();
    const person = await app.register();
    for (let sent = 0; sent < 6; sent += 1) {
      expect((await me(app, person)).status).toBe(200);
      expect((await me(other, person)).status).toBe(200);
    }
    // An instance learns the others' counts when it adds its own, once a second.
    await sleep(1_100);
    await Promise.all([me(app, person), me(other, person)]);
    await sleep(1_100);
    expect([(await me(app, person)).status, (await me(other, person)).status]).toEqual([429, 429]);
  });
});

describe('the limit where passwords are tried', () => {
  it('is per address, strict from the first request on, and the same in every instance', async () => {
    const app = await start({ RATE_LIMIT_AUTH_PER_MINUTE: '4' });
    const other = await app.second();
    const answers: Answer[] = [];
    for (const one of [app, other, app, other]) answers.push(await badLogin(one));
    for (let more = 0; more < 5; more += 1) answers.push(await badLogin(app), await badLogin(other));
    const refused = Array<number>(10).fill(429);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, ...refused]);
    expect(answers.slice(0, 4).map((answer) => budgetIn(answer).left)).toEqual([3, 2, 1, 0]);
    expect(Number(answers[5]?.headers['retry-after'])).toBeGreaterThan(0);
    expect(answers[0]?.headers['ratelimit-policy']).toBe('"auth";q=4;w=60');
  });

  it('believes no address that the client made up', async () => {
    const app = await start({ RATE_LIMIT_AUTH_PER_MINUTE: '2' });
    const statuses: number[] = [];
    for (const made of ['1.1.1.1', '2.2.2.2', '3.3.3.3'])
      statuses.push((await badLogin(app, { 'x-forwarded-for': made })).status);
    expect(statuses).toEqual([401, 401, 429]);
  });

  it('tells clients behind the trusted proxy apart, an IPv6 network as one', async () => {
    const app = await start({ RATE_LIMIT_AUTH_PER_MINUTE: '1', TRUSTED_PROXIES: '1' });
    const from = async (address: string) => (await badLogin(app, { 'x-forwarded-for': address })).status;
    expect([await from('9.9.9.9, 10.0.0.1'), await from('8.8.8.8, 10.0.0.1')]).toEqual([401, 429]);
    expect([await from('10.0.0.2'), await from('10.0.0.2')]).toEqual([401, 429]);
    expect([await from('2001:db8:1:2::1'), await from('2001:db8:1:2:3::4')]).toEqual([401, 429]);
    expect(await from('2001:db8:1:3::1')).toBe(401);
  });

  it('counts rivals exactly, and the counts end by themselves', async () => {
    const app = await start({ RATE_LIMIT_AUTH_PER_MINUTE: '5' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => badLogin(app)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
    const counts = mongoose.connection.collection('ratelimits');
    expect(await counts.countDocuments({ key: /^auth/ })).toBe(1);
    const indexes = await counts.indexes();
    expect(indexes).toContainEqual(expect.objectContaining({ key: { key: 1 }, unique: true }));
    expect(indexes).toContainEqual(expect.objectContaining({ key: { expire: 1 }, expireAfterSeconds: 0 }));
  });
});
