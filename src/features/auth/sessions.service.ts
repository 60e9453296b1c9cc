import type { Types } from 'mongoose';
import type { z } from 'zod';
import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import type { BaseCtx, Ctx, Writing } from '../../context.ts';
import type { Page } from '../../schemas/common.ts';
import {
  endSession,
  endSessions,
  findLiveSession,
  listLiveSessions,
  type StoredSession,
} from '../users/index.ts';
import type { OpenSessionQuery } from './session.schema.ts';

/** Ends the session of this request; nothing happens when it has ended a moment ago. */
export async function logout(ctx: Writing<Ctx>): Promise<void> {
  const session = await findLiveSession(ctx, ctx.actor.userId, ctx.actor.sessionId);
  if (session !== null) endAndRecord(ctx, session);
}

/** Ends every session of the caller. */
export const logoutAll = (ctx: Writing<Ctx>): Promise<number> => endAllSessions(ctx, ctx.actor.userId);

/** Ends every session of a user and announces it once; gives how many there were. */
async function endAllSessions(ctx: Writing<BaseCtx>, userId: string): Promise<number> {
  const id = objectId(userId);
  const count = await endSessions(ctx, id);
  if (count > 0) recordEnd(ctx, { type: 'user', id }, { userId, count });
  return count;
}

/** One page of the caller's sessions. Throws `request.invalid_cursor`. */
export const listSessions = (
  ctx: Ctx,
  page: z.output<typeof OpenSessionQuery>,
): Promise<Page<StoredSession>> => listLiveSessions(ctx, ctx.actor.userId, page);

/** Ends one of the caller's sessions. Throws `auth.session_not_found`, also for somebody else's. */
export async function endOwnSession(ctx: Writing<Ctx>, sessionId: string): Promise<void> {
  const session = await findLiveSession(ctx, ctx.actor.userId, sessionId);
  if (session === null) throw new Problem('auth.session_not_found');
  endAndRecord(ctx, session);
}

function endAndRecord(ctx: Writing<Ctx>, session: StoredSession): void {
  endSession(ctx, session);
  recordEnd(ctx, { type: 'session', id: session._id }, { userId: session.userId.toHexString(), count: 1 });
}

const recordEnd = (
  ctx: Writing<BaseCtx>,
  subject: { type: string; id: Types.ObjectId },
  data: { userId: string; count: number },
): void => {
  ctx.work.record('session.ended', { subject, data });
};
