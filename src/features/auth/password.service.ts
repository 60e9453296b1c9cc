import type { z } from 'zod';
import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import type { BaseCtx, Ctx, Writing } from '../../context.ts';
import {
  adoptSession,
  createCredential,
  endSessions,
  findCredential,
  findLiveSession,
  findUser,
  replacePassword,
  requirePassword,
  type StoredUser,
} from '../users/index.ts';
import { requireStrongPassword } from './password-policy.ts';
import type { PasswordChange } from './session.schema.ts';

/**
 * Replaces the caller's password and ends their other sessions.
 * Throws `auth.wrong_password`, `auth.weak_password`, `auth.session_ended` and `server.busy`.
 */
export async function changePassword(
  ctx: Writing<Ctx>,
  { currentPassword, newPassword }: z.output<typeof PasswordChange>,
): Promise<void> {
  const user = await existing(ctx.actor.userId);
  const credential = await requirePassword(ctx, user._id, currentPassword);
  judge(ctx, user, newPassword, '/body/newPassword');
  const session = await findLiveSession(ctx, ctx.actor.userId, ctx.actor.sessionId);
  if (session === null) throw new Problem('auth.session_ended');
  const { generation } = await replacePassword(ctx, credential, newPassword);
  adoptSession(ctx, session, generation);
  recordChange(ctx, user, await endSessions(ctx, user._id, session._id));
}

/** Gives a user a new password and ends all their sessions. Throws `user.not_found`, `auth.weak_password` and `server.busy`. */
export async function setPassword(ctx: Writing<BaseCtx>, userId: string, password: string): Promise<void> {
  const user = await existing(userId);
  judge(ctx, user, password, '/body/password');
  const credential = await findCredential(objectId(userId));
  if (credential === null) await createCredential(ctx, user._id, password);
  else await replacePassword(ctx, credential, password);
  recordChange(ctx, user, await endSessions(ctx, user._id));
}

async function existing(userId: string): Promise<StoredUser> {
  const user = await findUser(userId);
  if (user === null) throw new Problem('user.not_found');
  return user;
}

function judge(ctx: BaseCtx, user: StoredUser, password: string, pointer: string): void {
  requireStrongPassword(password, user, { fewestCharacters: ctx.deps.config.passwordMinLength, pointer });
}

function recordChange(ctx: Writing<BaseCtx>, user: StoredUser, endedSessions: number): void {
  ctx.work.record('user.password_changed', {
    subject: { type: 'user', id: user._id },
    data: { endedSessions },
  });
}
