import type { BaseCtx, Writing } from '../../context.ts';
import { fieldChanges } from '../../events/index.ts';
import { isActiveAdmin, letAdminGo } from './admin-guard.service.ts';
import { refreshSessionFacts } from './session.service.ts';
import { UserModel, type StoredUser } from './user.model.ts';

/**
 * Shuts a user out on the operator's word, or lets them in again; their sessions feel it at the next request.
 * Throws `user.last_admin`.
 */
export async function setDisabled(
  ctx: Writing<BaseCtx>,
  user: StoredUser,
  disabled: boolean,
): Promise<StoredUser> {
  if (user.disabled === disabled) return user;
  if (disabled && isActiveAdmin(user)) await letAdminGo(ctx, user);
  const changed = ctx.work.update(UserModel, user, { disabled });
  ctx.work.record(disabled ? 'user.disabled' : 'user.enabled', {
    subject: { type: 'user', id: user._id, version: changed.version },
    changes: fieldChanges(user, changed, ['disabled']),
  });
  await refreshSessionFacts(ctx, user._id);
  return changed;
}
