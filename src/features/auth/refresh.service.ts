import { Problem } from '../../errors/index.ts';
import type { OpenCtx, Writing } from '../../context.ts';
import { commitAside, endSession, knowSession, renewSession, type StoredSession } from '../users/index.ts';
import { grant, type Grant } from './grant.service.ts';
import { RefreshTokenModel, type StoredRefreshToken } from './refresh-token.model.ts';

/** Parallel tabs send the same token at nearly the same time; that is not theft. */
const graceMs = 10_000;

const invalid = (): Problem => new Problem('auth.invalid_refresh_token');

/**
 * Prolongs a session by a refresh token that works once. Used again within ten seconds it gives a sibling
 * in the same session; later it counts as stolen and the session ends (RFC 9700, 4.14.2).
 * Throws `auth.invalid_refresh_token`, `rate.limited` and `auth.account_disabled`.
 */
export async function refresh(ctx: Writing<OpenCtx>, refreshToken: string): Promise<Grant> {
  const now = ctx.now();
  const token = await findToken(ctx.deps.tokens.digestRefresh(refreshToken));
  const known = token === null ? null : await knowSession(token.sessionId);
  if (token === null || known === null || !known.counts) throw invalid();
  const { session, user } = known;
  if (token.expiresAt <= now || session.expiresAt <= now) throw invalid();
  if (user.disabled) throw new Problem('auth.account_disabled');
  // Before the token is used up: whoever must wait can send it again.
  await ctx.deps.attempts.refresh(session._id.toHexString());
  const isFirst = await use(token, now);
  if (!isFirst) await refuseReuse(ctx, token, session);
  const renewed = isFirst ? renewSession(ctx, session) : session;
  ctx.work.record('session.refreshed', {
    subject: { type: 'session', id: session._id },
    actorId: user._id,
    data: { userId: user._id.toHexString() },
  });
  return grant(ctx, user, renewed);
}

const findToken = (hash: string): Promise<StoredRefreshToken | null> =>
  RefreshTokenModel.findOne({ hash }).lean<StoredRefreshToken>().exec();

/** Single use is this one conditional write, made at once and outside the unit of work; burnt whatever follows. */
async function use({ hash }: StoredRefreshToken, now: Date): Promise<boolean> {
  const used = await RefreshTokenModel.findOneAndUpdate(
    { hash, usedAt: null, expiresAt: { $gt: now } },
    { $set: { usedAt: now } },
  ).lean();
  return used !== null;
}

/** Lets a token go on that was used a moment ago; ends the session of one that was used before. */
async function refuseReuse(
  ctx: Writing<OpenCtx>,
  { hash }: StoredRefreshToken,
  { _id: sessionId }: StoredSession,
): Promise<void> {
  const token = await findToken(hash);
  const usedAt = token?.usedAt ?? null;
  if (usedAt === null) throw invalid();
  if (ctx.now().getTime() - usedAt.getTime() <= graceMs) return;
  await commitAside(ctx, async (aside) => {
    const known = await knowSession(sessionId);
    // Of several reuses at once, one ends the session.
    if (known === null || !known.counts) return;
    endSession(aside, known.session);
    aside.work.record('session.reuse_detected', {
      subject: { type: 'session', id: sessionId },
      data: { userId: known.user._id.toHexString(), ...ctx.client },
    });
  });
  throw invalid();
}
