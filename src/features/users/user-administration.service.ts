import type { z } from 'zod';
import { authorizeSite, requireVersion } from '../../access/index.ts';
import { fieldChanges } from '../../events/index.ts';
import type { Ctx, Writing } from '../../context.ts';
import { isActiveAdmin, letAdminGo } from './admin-guard.service.ts';
import { refreshSessionFacts } from './session.service.ts';
import { UserModel, type StoredUser } from './user.model.ts';
import type { AccountUpdate } from './user.schema.ts';
import { getVisibleUser } from './user.service.ts';

/**
 * Changes roles of an account or shuts it out; its sessions feel it at their next request.
 * Throws `user.not_found`, `access.denied`, `resource.changed` and `user.last_admin`.
 */
export async function administerUser(
  ctx: Writing<Ctx>,
  id: string,
  update: z.output<typeof AccountUpdate>,
): Promise<StoredUser> {
  const { user } = await getVisibleUser(ctx, id);
  authorizeSite(ctx, 'user.administer');
  await requireVersion(ctx, user);
  const wanted = { roles: update.roles ?? user.roles, disabled: update.disabled ?? user.disabled };
  const changes = fieldChanges(user, { ...user, ...wanted }, ['roles', 'disabled']);
  if (changes.length === 0) return user;
  if (isActiveAdmin(user) && !isActiveAdmin(wanted)) await letAdminGo(ctx, user);
  const changed = ctx.work.update(UserModel, user, wanted);
  ctx.work.record(eventName(user, changed), {
    subject: { type: 'user', id: user._id, version: changed.version },
    changes,
  });
  await refreshSessionFacts(ctx, user._id);
  return changed;
}

/** The most specific thing that happened. */
function eventName(before: StoredUser, after: StoredUser): string {
  if (before.disabled === after.disabled) return 'user.role_changed';
  return after.disabled ? 'user.disabled' : 'user.enabled';
}
