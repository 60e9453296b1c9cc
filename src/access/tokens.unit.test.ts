import { createHash, createSecretKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { joseTokens } from './tokens.ts';

const secret = 'a signing secret that is long enough for anybody';
const settings = { accessTokenMinutes: 15, jwtSecretPrevious: undefined, jwtRefreshSecret: undefined };
const tokens = joseTokens(settings, secret);
const claims = { userId: 'a'.repeat(24), sessionId: 'b'.repeat(24) };
const now = new Date('2026-01-31T12:00:00.000Z');
const minutesLater = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function headerOf(issuedBy = tokens) {
  const token = await issuedBy.issueAccess(claims, now);
  // The header of a token that was just made is the object jose wrote.
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as {
    alg: string;
    kid: string;
    typ: string;
  };
}

const goodPayload = {
  sub: claims.userId,
  sid: claims.sessionId,
  iss: 'pro-tasker',
  aud: 'pro-tasker-api',
  exp: minutesLater(15).getTime() / 1000,
};

async function signed(header: object, payload: object, key = secret): Promise<string> {
  return new SignJWT({ ...payload })
    .setProtectedHeader({ ...(await headerOf()), ...header })
    .sign(createSecretKey(Buffer.from(key)));
}

describe('access tokens', () => {
  it('say who and which session', async () => {
    const token = await tokens.issueAccess(claims, now);
    expect(await tokens.verifyAccess(token, now)).toEqual(claims);
    expect(await tokens.verifyAccess(await signed({}, goodPayload), now)).toEqual(claims);
  });

  it('expire on the second, also when they were checked before', async () => {
    const token = await tokens.issueAccess(claims, now);
    await tokens.verifyAccess(token, minutesLater(14.99));
    for (const round of [1, 2]) {
      await expect(tokens.verifyAccess(token, minutesLater(15)), String(round)).rejects.toMatchObject({
        code: 'auth.invalid_token',
        details: { detail: 'The token has expired.' },
      });
    }
  });

  it('of the previous secret still count, those of an unknown secret do not', async () => {
    const older = joseTokens(settings, 'the secret of before the rotation, also long');
    const rotated = joseTokens(
      { ...settings, jwtSecretPrevious: 'the secret of before the rotation, also long' },
      secret,
    );
    const token = await older.issueAccess(claims, now);
    expect(await rotated.verifyAccess(token, now)).toEqual(claims);
    await expect(tokens.verifyAccess(token, now)).rejects.toMatchObject({ code: 'auth.invalid_token' });
    expect((await headerOf(rotated)).kid).toBe((await headerOf()).kid);
  });

  it('that were not made here for this purpose are refused', async () => {
    const { kid } = await headerOf();
    const withoutExpiry: Partial<typeof goodPayload> = { ...goodPayload };
    delete withoutExpiry.exp;
    const [head, body, signature] = (await signed({}, goodPayload)).split('.');
    const hostile = [
      '',
      'x',
      '..',
      `${segment({ alg: 'none', typ: 'at+jwt', kid })}.${segment(goodPayload)}.`,
      `${segment({ alg: 'HS512', typ: 'at+jwt', kid })}.${body ?? ''}.${signature ?? ''}`,
      `${head ?? ''}.${segment({ ...goodPayload, sub: 'c'.repeat(24) })}.${signature ?? ''}`,
      `${head ?? ''}.${body ?? ''}.`,
      await signed({ alg: 'HS512' }, goodPayload),
      await signed({ typ: 'JWT' }, goodPayload),
      await signed({ kid: 'other' }, goodPayload),
      await signed({ kid: '../../dev/null' }, goodPayload),
      await signed({ kid: undefined }, goodPayload),
      await signed({ kid, jku: 'https://evil.example/keys' }, goodPayload, 'a key of somebody else'),
      await signed({}, { ...goodPayload, iss: 'other' }),
      await signed({}, { ...goodPayload, aud: 'other' }),
      await signed({}, { ...goodPayload, sub: 'not-an-id' }),
      await signed({}, { ...goodPayload, sid: { $ne: null } }),
      await signed({}, { ...goodPayload, exp: now.getTime() / 1000 - 1 }),
      await signed({}, { ...goodPayload, nbf: minutesLater(5).getTime() / 1000 }),
      await signed({}, withoutExpiry),
    ];
    for (const token of hostile) {
      await expect(tokens.verifyAccess(token, now), token).rejects.toMatchObject({
        code: 'auth.invalid_token',
      });
    }
  });
});

describe('refresh tokens', () => {
  it('are 256 random bits, of which only a digest is kept', () => {
    const made = new Set(Array.from({ length: 100 }, () => tokens.newRefresh()));
    expect(made.size).toBe(100);
    for (const token of made) {
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
      expect(tokens.digestRefresh(token)).toBe(createHash('sha256').update(token).digest('hex'));
    }
  });

  it('have digests of their own under each refresh secret', () => {
    const keyed = (jwtRefreshSecret: string) => joseTokens({ ...settings, jwtRefreshSecret }, secret);
    const digests = [tokens, keyed('one'), keyed('two')].map((one) => one.digestRefresh('token'));
    expect(new Set(digests).size).toBe(3);
  });
});
