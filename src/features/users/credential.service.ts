import type { Types } from 'mongoose';
import { Problem } from '../../errors/index.ts';
import type { BaseCtx, Ctx, Writing } from '../../context.ts';
import { commitAside } from './commit-aside.service.ts';
import { CredentialModel, type StoredCredential } from './credential.model.ts';

// Asked for where no user is known, so that a look-up happens all the same.
const nobody = '000000000000000000000000';

/** The credential of a user; null when there is none. */
export const findCredential = (userId: Types.ObjectId | null): Promise<StoredCredential | null> =>
  CredentialModel.findOne({ _id: userId ?? nobody })
    .lean<StoredCredential>()
    .exec();

/** Gives a new user their first password; the caller has judged it. Throws `server.busy`. */
export async function createCredential(
  ctx: Writing<BaseCtx>,
  userId: Types.ObjectId,
  password: string,
): Promise<StoredCredential> {
  const hashed = await ctx.deps.hasher.hash(password);
  return ctx.work.insert(CredentialModel, { _id: userId, ...hashed, generation: 1 });
}

/** Replaces a password by a new one, judged by the caller; sessions opened before stop to count. Throws `server.busy`. */
export async function replacePassword(
  ctx: Writing<BaseCtx>,
  credential: StoredCredential,
  password: string,
): Promise<StoredCredential> {
  const hashed = await ctx.deps.hasher.hash(password);
  return ctx.work.update(CredentialModel, credential, { ...hashed, generation: credential.generation + 1 });
}

/** Stores the same password in today's form when the stored form is from before a rotation. Throws `server.busy`. */
export async function renewHash(
  ctx: Writing<BaseCtx>,
  credential: StoredCredential,
  password: string,
): Promise<void> {
  if (ctx.deps.hasher.isCurrent(credential)) return;
  ctx.work.update(CredentialModel, credential, await ctx.deps.hasher.hash(password));
}

/**
 * The caller's credential, proved by its password; each session has a limited number of tries, and what is refused is
 * recorded. Throws `rate.limited`, `auth.wrong_password` and `server.busy`.
 */
export async function requirePassword(
  ctx: Ctx,
  userId: Types.ObjectId,
  password: string,
): Promise<StoredCredential> {
  const { sessionId } = ctx.actor;
  await ctx.deps.attempts.password(sessionId);
  const credential = await findCredential(userId);
  if (!(await ctx.deps.hasher.matches(password, credential)) || credential === null) {
    await commitAside(ctx, (aside) => {
      aside.work.record('session.refused', {
        subject: { type: 'user', id: userId },
        actorId: userId,
        data: { reason: 'wrong_current_password', sessionId, ...ctx.client },
      });
    });
    throw new Problem('auth.wrong_password', {
      errors: [{ pointer: '/body/currentPassword', detail: 'is wrong' }],
    });
  }
  return credential;
}

/** Removes how a user proves who they are: none of their sessions counts any more. */
export function deleteCredential(ctx: Writing<BaseCtx>, userId: Types.ObjectId): void {
  ctx.work.deleteWhere(CredentialModel, { _id: userId });
}
