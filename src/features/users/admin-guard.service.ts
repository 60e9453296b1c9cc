import { Problem } from '../../errors/index.ts';
import type { BaseCtx, Writing } from '../../context.ts';
import { AdminGuardModel, adminGuardId, type StoredAdminGuard } from './admin-guard.model.ts';
import type { StoredUser } from './user.model.ts';
import { countOtherAdmins } from './user.queries.ts';

/** Whether the user can administer the site now. */
export const isActiveAdmin = ({ roles, disabled }: Pick<StoredUser, 'roles' | 'disabled'>): boolean =>
  roles.includes('admin') && !disabled;

/** Lets an administrator go on the condition that another one stays, also against rivals. Throws `user.last_admin`. */
export async function letAdminGo(ctx: Writing<BaseCtx>, user: StoredUser): Promise<void> {
  // Read before counting: whoever commits in between has changed it, and this work runs again.
  const guard = await AdminGuardModel.findOne({ _id: adminGuardId }).lean<StoredAdminGuard>().exec();
  if ((await countOtherAdmins(user)) === 0) throw new Problem('user.last_admin');
  if (guard === null) {
    ctx.work.insert(AdminGuardModel, { _id: adminGuardId });
    ctx.work.onDuplicate(AdminGuardModel, '_id_', 'retry');
  } else {
    ctx.work.update(AdminGuardModel, guard, {});
  }
}
