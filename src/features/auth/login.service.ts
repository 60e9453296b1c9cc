import type { z } from 'zod';
import { Problem } from '../../errors/index.ts';
import type { OpenCtx, Writing } from '../../context.ts';
import {
  commitAside,
  findCredential,
  findUserByEmail,
  normaliseEmail,
  openSession,
  renewHash,
  type StoredUser,
} from '../users/index.ts';
import { grant, type Grant } from './grant.service.ts';
import type { Login } from './session.schema.ts';

/**
 * Opens a session for whoever knows the password. Takes the same steps whether or not the address is known,
 * so that neither answer nor time tells.
 * Throws `rate.limited`, `auth.invalid_credentials`, `auth.account_disabled` and `server.busy`.
 */
export async function login(
  ctx: Writing<OpenCtx>,
  { email, password }: z.output<typeof Login>,
): Promise<Grant> {
  const account = normaliseEmail(email);
  await ctx.deps.attempts.login(account, ctx.client.address, ctx.now());
  const user = await findUserByEmail(email);
  const credential = await findCredential(user?._id ?? null);
  const isRight = await ctx.deps.hasher.matches(password, credential);
  if (!isRight || user === null || credential === null) {
    await recordRefusal(ctx, user, 'wrong_password');
    throw new Problem('auth.invalid_credentials');
  }
  if (user.disabled) {
    await recordRefusal(ctx, user, 'disabled');
    throw new Problem('auth.account_disabled');
  }
  await ctx.deps.attempts.loggedIn(account, ctx.client.address, ctx.now());
  await renewHash(ctx, credential, password);
  const session = openSession(ctx, user._id, credential);
  ctx.work.record('session.started', {
    subject: { type: 'session', id: session._id },
    actorId: user._id,
    data: { userId: user._id.toHexString(), ...ctx.client },
  });
  return grant(ctx, user, session);
}

/** Refusals for unknown addresses are recorded too: the missing write would tell them apart by its time. */
const recordRefusal = (ctx: Writing<OpenCtx>, user: StoredUser | null, reason: string): Promise<void> =>
  commitAside(ctx, (aside) => {
    aside.work.record('session.refused', {
      subject: { type: 'user', id: user?._id ?? 'unknown' },
      data: { reason, ...ctx.client },
    });
  });
