import mongoose from 'mongoose';
import type { BaseCtx, Writing } from '../../context.ts';
import type { StoredSession, StoredUser } from '../users/index.ts';
import { RefreshTokenModel } from './refresh-token.model.ts';

/** What a client gets to use a session: an access token for now, a refresh token for later. */
export interface Grant {
  user: StoredUser;
  token: string;
  /** Seconds. */
  expiresIn: number;
  refreshToken: string;
  /** Seconds. */
  refreshExpiresIn: number;
}

const secondsPerMinute = 60;
const secondsPerDay = 86_400;

/** Makes new tokens of a session and stores the digest of the refresh token. */
export async function grant(ctx: Writing<BaseCtx>, user: StoredUser, session: StoredSession): Promise<Grant> {
  const { config, tokens } = ctx.deps;
  const now = ctx.now();
  const refreshExpiresIn = config.refreshTokenDays * secondsPerDay;
  const refreshToken = tokens.newRefresh();
  ctx.work.insertPlain(RefreshTokenModel, {
    _id: new mongoose.Types.ObjectId(),
    hash: tokens.digestRefresh(refreshToken),
    sessionId: session._id,
    usedAt: null,
    expiresAt: new Date(now.getTime() + refreshExpiresIn * 1_000),
  });
  const claims = { userId: user._id.toHexString(), sessionId: session._id.toHexString() };
  return {
    user,
    token: await tokens.issueAccess(claims, now),
    expiresIn: config.accessTokenMinutes * secondsPerMinute,
    refreshToken,
    refreshExpiresIn,
  };
}
