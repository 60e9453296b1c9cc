import { createHash, createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Config } from '../config/index.ts';
import { Problem } from '../errors/index.ts';

/** What an access token says: who and which session, never what they may do. */
export interface AccessTokenClaims {
  userId: string;
  sessionId: string;
}

/** Issues and checks access tokens; makes and digests refresh tokens. */
export interface Tokens {
  issueAccess(claims: AccessTokenClaims, now: Date): Promise<string>;
  /** Throws `auth.invalid_token`; checked tokens are remembered, their expiry is checked every time. */
  verifyAccess(token: string, now: Date): Promise<AccessTokenClaims>;
  /** A new refresh token of 256 random bits. */
  newRefresh(): string;
  /** What is stored of a refresh token. */
  digestRefresh(token: string): string;
}

type TokenSettings = Pick<Config, 'accessTokenMinutes' | 'jwtSecretPrevious' | 'jwtRefreshSecret'>;

const algorithm = 'HS256';
const issuer = 'pro-tasker';
const audience = 'pro-tasker-api';
const type = 'at+jwt';
const mostRemembered = 10_000;
const millisecondsPerSecond = 1_000;

const Id = z.string().regex(/^[0-9a-f]{24}$/);
const Payload = z.object({ sub: Id, sid: Id, exp: z.int() });

interface CheckedToken {
  claims: AccessTokenClaims;
  expiresAtMs: number;
}

/**
 * Tokens as JWT (RFC 7519, profile RFC 9068) signed by HMAC-SHA-256 with `secret`; `kid` names the key,
 * so that what the previous secret signed still verifies.
 */
export function joseTokens(config: TokenSettings, secret: string): Tokens {
  const signing = namedKey(secret);
  const keys = new Map([[signing.id, signing.key]]);
  if (config.jwtSecretPrevious !== undefined) {
    const previous = namedKey(config.jwtSecretPrevious);
    keys.set(previous.id, previous.key);
  }
  const checked = new LRUCache<string, CheckedToken>({ max: mostRemembered });

  return {
    issueAccess: (claims, now) => {
      const issuedAt = Math.floor(now.getTime() / millisecondsPerSecond);
      return new SignJWT({ sid: claims.sessionId })
        .setProtectedHeader({ alg: algorithm, typ: type, kid: signing.id })
        .setSubject(claims.userId)
        .setIssuer(issuer)
        .setAudience(audience)
        .setJti(randomBytes(9).toString('base64url'))
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + config.accessTokenMinutes * 60)
        .sign(signing.key);
    },
    verifyAccess: async (token, now) => {
      let known = checked.get(token);
      if (known === undefined) {
        known = await check(token, keys, now);
        checked.set(token, known);
      }
      if (known.expiresAtMs <= now.getTime()) {
        checked.delete(token);
        throw expired();
      }
      return known.claims;
    },
    newRefresh: () => randomBytes(32).toString('base64url'),
    digestRefresh: (token) =>
      (config.jwtRefreshSecret === undefined
        ? createHash('sha256')
        : createHmac('sha256', config.jwtRefreshSecret)
      )
        .update(token)
        .digest('hex'),
  };
}

function namedKey(secret: string): { id: string; key: KeyObject } {
  const digest = createHash('sha256').update('pro-tasker signing key\0').update(secret).digest('base64url');
  return { id: digest.slice(0, 12), key: createSecretKey(Buffer.from(secret)) };
}

async function check(token: string, keys: Map<string, KeyObject>, now: Date): Promise<CheckedToken> {
  const keyOf = ({ kid }: { kid?: string }): KeyObject => {
    const key = kid === undefined ? undefined : keys.get(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key;
  };
  try {
    if (!isCanonical(token)) throw new errors.JWSInvalid('a second spelling of a token is no token');
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: [algorithm],
      issuer,
      audience,
      typ: type,
      currentDate: now,
    });
    const { sub, sid, exp } = Payload.parse(payload);
    return { claims: { userId: sub, sessionId: sid }, expiresAtMs: exp * millisecondsPerSecond };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired();
    // Anything else wrong with a token is the client's fault: a foreign signature, a wrong claim, a broken form.
    throw new Problem('auth.invalid_token', { cause: error });
  }
}

/** Base64url has one spelling of every byte string; decoders also take padding and unused bits. */
const isCanonical = (token: string): boolean =>
  token.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

const expired = (): Problem => new Problem('auth.invalid_token', { detail: 'The token has expired.' });
