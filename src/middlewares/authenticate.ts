import type { Request } from 'express';
import type { Actor } from '../access/index.ts';
import type { AccessTokenClaims } from '../access/tokens.ts';
import type { Deps } from '../deps.ts';
import { Problem } from '../errors/index.ts';

const bearer = /^Bearer ([\w~+/.=-]{1,4096})$/i;

/**
 * Finds out who sent a request: the token says which session, the session says who and whether it still counts.
 * Throws `auth.required`, `auth.invalid_token`, `auth.invalid_ticket`, `auth.session_ended` or `auth.account_disabled`.
 */
export function authenticate(deps: Deps): (req: Request, takesTicket: boolean) => Promise<Actor> {
  return async (req, takesTicket) => {
    const now = deps.clock.now();
    const claims = await claimsOf(req, deps, { takesTicket, now });
    const session = await deps.caches.sessions.get(claims.sessionId);
    if (session === null || session.ended || session.userId !== claims.userId || session.expiresAt <= now) {
      throw new Problem('auth.session_ended');
    }
    if (session.disabled) throw new Problem('auth.account_disabled');
    return session;
  };
}

async function claimsOf(
  req: Request,
  deps: Deps,
  { takesTicket, now }: { takesTicket: boolean; now: Date },
): Promise<AccessTokenClaims> {
  const { authorization } = req.headers;
  const { ticket } = req.query;
  if (authorization === undefined && takesTicket && typeof ticket === 'string') {
    const claims = await deps.redeemTicket(ticket, now);
    if (claims === null) throw new Problem('auth.invalid_ticket');
    return claims;
  }
  if (authorization === undefined) throw new Problem('auth.required');
  const token = bearer.exec(authorization)?.[1];
  if (token === undefined)
    throw new Problem('auth.invalid_token', { detail: 'Send `Authorization: Bearer <token>`.' });
  return deps.tokens.verifyAccess(token, now);
}
