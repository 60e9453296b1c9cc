import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostileTokens } from './hostile-tokens.ts';
import { reportProof } from './report.ts';
import { buildWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.close());

describe('S18: hostile tokens', () => {
  it('all are refused with 401, on a read and on a write', async () => {
    const { owner, admin } = world.people;
    const tokens = hostileTokens({
      good: owner.token,
      refreshToken: owner.refreshToken,
      otherUserId: admin.user.id,
      otherSessionId: world.aim('own session', 'admin').sessionId,
      secret: world.app.instance.deps.config.jwtSecret ?? '',
    });
    expect((await world.request('GET', '/api/users/me', { token: owner.token })).status).toBe(200);
    const mismatches: string[] = [];
    for (const [name, token] of Object.entries(tokens)) {
      for (const [method, path] of [
        ['GET', '/api/users/me'],
        ['DELETE', `/api/projects/${world.live.id}`],
      ] as const) {
        const answer = await world.request(method, path, { token });
        const isRight = answer.status === 401 && answer.headers['www-authenticate'] === 'Bearer';
        if (!isRight) mismatches.push(`${name}: ${answer.status} ${answer.text}`);
      }
    }
    expect(mismatches).toEqual([]);
    expect(Object.keys(tokens).length).toBeGreaterThanOrEqual(80);
    expect(await world.isUntouched()).toBe(true);
    const { leaks } = await world.canaries();
    expect(leaks).toEqual([]);
    reportProof({
      id: 'S18',
      what: 'Hostile tokens, each on a read and on a write: all refused with 401',
      counts: { tokens: Object.keys(tokens).length, accepted: mismatches.length },
    });
  });

  it.each(['Basic', 'Digest', 'Token', 'JWT', 'Bearer:', 'BearerX', ''])(
    'a good token under the scheme "%s" is refused',
    async (scheme) => {
      const headers = { authorization: `${scheme} ${world.people.owner.token}` };
      expect((await world.request('GET', '/api/users/me', { headers })).status).toBe(401);
    },
  );

  it('a token counts nowhere but in its header', async () => {
    const { token } = world.people.owner;
    const headers = { cookie: `token=${token}; access_token=${token}`, 'x-access-token': token };
    expect((await world.request('GET', '/api/users/me', { headers })).status).toBe(401);
    for (const name of ['token', 'access_token', 'authorization']) {
      const answer = await world.request('GET', '/api/users/me', { query: { [name]: token } });
      expect(answer.status).toBe(401);
    }
  });
});

describe('S08: login tells nobody whether an address is known', () => {
  it('answers known and unknown addresses with equal bytes', async () => {
    const pairs = 20;
    const { email } = world.people.member;
    const login = async (address: string) => {
      const body = { email: address, password: 'certainly wrong' };
      const { status, headers, text } = await world.request('POST', '/api/auth/login', { body });
      const { date: _date, 'x-request-id': id, ratelimit: _left, ...others } = headers;
      return { status, others, text: text.replace(String(id), 'ID') };
    };
    for (let pair = 0; pair < pairs; pair += 1) {
      const known = await login(pair % 2 === 0 ? email : email.toUpperCase());
      const unknown = await login(`nobody${String(pair)}.${email}`);
      expect(known.status).toBe(401);
      expect(unknown).toEqual(known);
    }
    reportProof({
      id: 'S08',
      what: 'Login with known and unknown addresses: status, headers and bytes are equal (except the request id)',
      counts: { pairs },
    });
  });
});
