import type { Types } from 'mongoose';
import { requireVersion } from '../../access/index.ts';
import type { Ctx, Writing } from '../../context.ts';
import { isActiveAdmin, letAdminGo } from './admin-guard.service.ts';
import { deleteCredential, requirePassword } from './credential.service.ts';
import { releaseEmail } from './email-claim.service.ts';
import { endSessions } from './session.service.ts';
import { UserModel, type StoredUser } from './user.model.ts';
import { getOwnUser } from './user.service.ts';

/**
 * Takes a user who is about to be deleted out of every project, in the same unit of work, and disposes of
 * the projects they own alone. Given by whoever puts the features together: users know nothing of projects.
 */
export type LeaveAllProjects = (ctx: Writing<Ctx>, userId: Types.ObjectId) => Promise<void>;

/**
 * Deletes the caller's account: nobody can log in with it, the address is free, the name is gone.
 * Throws `auth.wrong_password`, `user.owns_projects`, `user.last_admin` and `resource.changed`.
 */
export async function deleteOwnUser(
  ctx: Writing<Ctx>,
  currentPassword: string,
  leaveAllProjects: LeaveAllProjects,
): Promise<void> {
  const user = await getOwnUser(ctx);
  await requireVersion(ctx, user);
  await requirePassword(ctx, user._id, currentPassword);
  if (isActiveAdmin(user)) await letAdminGo(ctx, user);
  await leaveAllProjects(ctx, user._id);
  deleteCredential(ctx, user._id);
  releaseEmail(ctx, user.email, user._id);
  await endSessions(ctx, user._id);
  const deleted = ctx.work.update(UserModel, user, anonymous(user, ctx.now()));
  ctx.work.record('user.deleted', { subject: { type: 'user', id: user._id, version: deleted.version } });
}

/** What is kept, so that what the person wrote still has an author. */
function anonymous(user: StoredUser, now: Date): Partial<StoredUser> {
  const address = `deleted:${user._id.toHexString()}`;
  return {
    name: 'Deleted user',
    email: address,
    emailNormalised: address,
    avatar: null,
    timeZone: 'UTC',
    roles: [],
    nameSort: 'deleted user',
    searchTerms: [],
    deletedAt: now,
  };
}
