import mongoose, { type Types } from 'mongoose';
import type { SessionFacts } from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import { walk, type PageRequest } from '../../db/keyset.ts';
import type { BaseCtx, Writing } from '../../context.ts';
import type { Page } from '../../schemas/common.ts';
import { CredentialModel, type StoredCredential } from './credential.model.ts';
import { SessionModel, type StoredSession } from './session.model.ts';
import { UserModel, type StoredUser } from './user.model.ts';

const millisecondsPerDay = 86_400_000;

/** When a session that is used at `now` ends by itself. */
const sessionExpiry = (ctx: BaseCtx, now: Date): Date =>
  new Date(now.getTime() + ctx.deps.config.refreshTokenDays * millisecondsPerDay);

/** Opens a session on the client's device; the caller has checked the credential. */
export function openSession(
  ctx: Writing<BaseCtx>,
  userId: Types.ObjectId,
  credential: StoredCredential,
): StoredSession {
  const now = ctx.now();
  return ctx.work.insert(SessionModel, {
    _id: new mongoose.Types.ObjectId(),
    userId,
    generation: credential.generation,
    ...ctx.client,
    lastUsedAt: now,
    expiresAt: sessionExpiry(ctx, now),
    endedAt: null,
  });
}

/** Prolongs a session on the condition that it has not changed since it was read. */
export function renewSession(ctx: Writing<BaseCtx>, session: StoredSession): StoredSession {
  const now = ctx.now();
  dropWhenCommitted(ctx, session._id);
  return ctx.work.update(SessionModel, session, {
    ...ctx.client,
    lastUsedAt: now,
    expiresAt: sessionExpiry(ctx, now),
  });
}

/** Lets a session live on under a new password. */
export function adoptSession(ctx: Writing<BaseCtx>, session: StoredSession, generation: number): void {
  ctx.work.update(SessionModel, session, { generation });
  dropWhenCommitted(ctx, session._id);
}

/** Ends one session. */
export function endSession(ctx: Writing<BaseCtx>, session: StoredSession): void {
  ctx.work.update(SessionModel, session, { endedAt: ctx.now() });
  dropWhenCommitted(ctx, session._id);
}

/** Ends every session of a user but `kept`; gives how many there were. */
export async function endSessions(
  ctx: Writing<BaseCtx>,
  userId: Types.ObjectId,
  kept?: Types.ObjectId,
): Promise<number> {
  const filter = { userId, endedAt: null, ...(kept !== undefined && { _id: { $ne: kept } }) };
  const ids = await SessionModel.distinct('_id', filter);
  const endedAt = ctx.now();
  ctx.work.updateWhere(SessionModel, filter, { $set: { endedAt, updatedAt: endedAt }, $inc: { version: 1 } });
  for (const id of ids) dropWhenCommitted(ctx, id);
  return ids.length;
}

/** After a change to the account that its sessions must feel at the next request. */
export async function refreshSessionFacts(ctx: Writing<BaseCtx>, userId: Types.ObjectId): Promise<void> {
  const ids = await SessionModel.distinct('_id', { userId, endedAt: null });
  for (const id of ids) dropWhenCommitted(ctx, id);
}

function dropWhenCommitted(ctx: Writing<BaseCtx>, sessionId: Types.ObjectId): void {
  ctx.work.afterCommit(() => {
    ctx.deps.caches.sessions.drop(sessionId.toHexString());
  });
}

/** The user's session that still counts, under their present password; null when there is none of that id. */
export async function findLiveSession(
  ctx: BaseCtx,
  userId: string,
  sessionId: string,
): Promise<StoredSession | null> {
  return SessionModel.findOne({
    _id: objectId(sessionId),
    userId: objectId(userId),
    endedAt: null,
    ...(await whileLive(ctx, userId)),
  })
    .lean<StoredSession>()
    .exec();
}

/** One page of the user's sessions that still count, the last opened first. Throws `request.invalid_cursor`. */
export async function listLiveSessions(
  ctx: BaseCtx,
  userId: string,
  page: PageRequest,
): Promise<Page<StoredSession>> {
  return walk({
    model: SessionModel,
    filter: { userId: objectId(userId), endedAt: null },
    residual: await whileLive(ctx, userId),
    sort: { field: 'createdAt', direction: -1 },
    page,
    binding: `sessions ${userId}`,
  });
}

async function whileLive(ctx: BaseCtx, userId: string) {
  const credential = await CredentialModel.findOne({ _id: objectId(userId) })
    .lean<StoredCredential>()
    .exec();
  return { generation: credential?.generation ?? 0, expiresAt: { $gt: ctx.now() } };
}

/** A session with all that decides whether it counts. */
export interface KnownSession {
  session: StoredSession;
  user: StoredUser;
  /** False after logout, under an older password or of a deleted user. */
  counts: boolean;
}

/** The session of that id with its user; null when either is unknown. */
export async function knowSession(sessionId: Types.ObjectId): Promise<KnownSession | null> {
  const session = await SessionModel.findOne({ _id: sessionId }).lean<StoredSession>().exec();
  if (session === null) return null;
  const [user, credential] = await Promise.all([
    UserModel.findOne({ _id: session.userId }).lean<StoredUser>().exec(),
    CredentialModel.findOne({ _id: session.userId }).lean<StoredCredential>().exec(),
  ]);
  if (user === null) return null;
  const counts =
    session.endedAt === null && user.deletedAt === null && credential?.generation === session.generation;
  return { session, user, counts };
}

/** What every request asks about its session; null when there is none. */
export async function findSession(sessionId: string): Promise<SessionFacts | null> {
  const known = await knowSession(objectId(sessionId));
  if (known === null) return null;
  const { session, user, counts } = known;
  return {
    userId: user._id.toHexString(),
    sessionId,
    siteRoles: user.roles,
    ended: !counts,
    disabled: user.disabled,
    expiresAt: session.expiresAt,
  };
}
