import type { z } from 'zod';
import { Problem } from '../../errors/index.ts';
import type { BaseCtx, OpenCtx, Writing } from '../../context.ts';
import {
  createCredential,
  createUser,
  normaliseEmail,
  openSession,
  type NewUser,
  type StoredUser,
} from '../users/index.ts';
import { grant, type Grant } from './grant.service.ts';
import { requireStrongPassword } from './password-policy.ts';
import type { Registration } from './session.schema.ts';

type W = Writing<OpenCtx>;

/**
 * Makes an account for whoever asks and logs them in.
 * Throws `auth.registration_closed`, `auth.weak_password`, `auth.email_taken` and `server.busy`.
 */
export async function register(
  ctx: W,
  { password, ...person }: z.output<typeof Registration>,
): Promise<Grant> {
  if (ctx.deps.config.registration === 'closed') throw new Problem('auth.registration_closed');
  const { user, credential } = await makeAccount(ctx, person, password);
  await ctx.deps.attempts.loggedIn(normaliseEmail(person.email), ctx.client.address, ctx.now());
  return grant(ctx, user, openSession(ctx, user._id, credential));
}

/** Makes an account, also while registration is closed. Throws `auth.weak_password`, `auth.email_taken` and `server.busy`. */
export const createAccount = async (
  ctx: Writing<BaseCtx>,
  person: NewUser,
  password: string,
): Promise<StoredUser> => (await makeAccount(ctx, person, password)).user;

async function makeAccount(ctx: Writing<BaseCtx>, person: NewUser, password: string) {
  const fewestCharacters = ctx.deps.config.passwordMinLength;
  requireStrongPassword(password, person, { fewestCharacters, pointer: '/body/password' });
  const user = await createUser(ctx, person);
  return { user, credential: await createCredential(ctx, user._id, password) };
}
