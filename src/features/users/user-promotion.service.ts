import type { BaseCtx, Writing } from '../../context.ts';
import { fieldChanges } from '../../events/index.ts';
import { refreshSessionFacts } from './session.service.ts';
import { UserModel, type StoredUser } from './user.model.ts';

/** Makes a user an administrator on the operator's word; one who is stays one. */
export async function promoteUser(ctx: Writing<BaseCtx>, user: StoredUser): Promise<StoredUser> {
  if (user.roles.includes('admin')) return user;
  const promoted = ctx.work.update(UserModel, user, { roles: [...user.roles, 'admin'] });
  ctx.work.record('user.role_changed', {
    subject: { type: 'user', id: user._id, version: promoted.version },
    changes: fieldChanges(user, promoted, ['roles']),
  });
  await refreshSessionFacts(ctx, user._id);
  return promoted;
}
