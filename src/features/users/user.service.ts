import mongoose from 'mongoose';
import type { z } from 'zod';
import { authorizeSite, requireVersion, sitePermissions, type SiteRole } from '../../access/index.ts';
import { Problem } from '../../errors/index.ts';
import { fieldChanges } from '../../events/index.ts';
import type { BaseCtx, Ctx, Writing } from '../../context.ts';
import type { Page } from '../../schemas/common.ts';
import { requirePassword } from './credential.service.ts';
import { normaliseEmail } from './email-address.ts';
import { claimEmail, releaseEmail } from './email-claim.service.ts';
import { UserModel, type StoredUser } from './user.model.ts';
import { findUser, listUsers } from './user.queries.ts';
import type { ProfileUpdate, UserFilter } from './user.schema.ts';

/** What a new account starts with. */
export interface NewUser {
  name: string;
  email: string;
  roles?: SiteRole[];
}

/** Adds a user and announces `user.registered`. Throws `auth.email_taken`. */
export async function createUser(
  ctx: Writing<BaseCtx>,
  { name, email, roles = [] }: NewUser,
): Promise<StoredUser> {
  const _id = new mongoose.Types.ObjectId();
  await claimEmail(ctx, email, _id);
  const user = ctx.work.insert(UserModel, {
    _id,
    ...emailFields(email),
    name,
    avatar: null,
    timeZone: 'UTC',
    roles,
    disabled: false,
    deletedAt: null,
    ...searchFields(name, email),
  });
  ctx.work.record('user.registered', {
    subject: { type: 'user', id: user._id, version: user.version },
    actorId: user._id,
    changes: [],
  });
  return user;
}

/** The caller's own account. Throws `user.not_found` when it was deleted this instant. */
export const getOwnUser = (ctx: Ctx): Promise<StoredUser> => existing(ctx.actor.userId);

/** Changes the caller's own account. Throws `auth.wrong_password`, `auth.email_taken` and `resource.changed`. */
export async function updateOwnUser(
  ctx: Writing<Ctx>,
  update: z.output<typeof ProfileUpdate>,
): Promise<StoredUser> {
  const user = await existing(ctx.actor.userId);
  await requireVersion(ctx, user);
  const { currentPassword, ...fields } = update;
  if (currentPassword !== undefined) await requirePassword(ctx, user._id, currentPassword);
  const { name = user.name, email = user.email, avatar = user.avatar, timeZone = user.timeZone } = fields;
  if (normaliseEmail(email) !== user.emailNormalised) {
    await claimEmail(ctx, email, user._id);
    releaseEmail(ctx, user.email, user._id);
  }
  const wanted = { ...emailFields(email), name, avatar, timeZone, ...searchFields(name, email) };
  const changes = fieldChanges(user, { ...user, ...wanted }, ['name', 'email', 'avatar', 'timeZone']);
  if (changes.length === 0) return user;
  const changed = ctx.work.update(UserModel, user, wanted);
  ctx.work.record('user.updated', {
    subject: { type: 'user', id: user._id, version: changed.version },
    changes,
  });
  return changed;
}

/** A user as the caller may see them. Throws `user.not_found` for strangers, as for ids that do not exist. */
export async function getVisibleUser(ctx: Ctx, id: string): Promise<{ user: StoredUser; whole: boolean }> {
  const whole = isAdministrator(ctx);
  if (!whole && !(await sharesProject(ctx, id))) throw new Problem('user.not_found');
  return { user: await existing(id), whole };
}

/** One page of all accounts. Throws `access.denied` and `request.invalid_cursor`. */
export async function listAccounts(ctx: Ctx, filter: z.output<typeof UserFilter>): Promise<Page<StoredUser>> {
  authorizeSite(ctx, 'user.administer');
  return listUsers(filter);
}

const isAdministrator = ({ actor }: Ctx): boolean =>
  actor.siteRoles.includes(sitePermissions['user.administer'].role);

async function sharesProject(ctx: Ctx, id: string): Promise<boolean> {
  if (id === ctx.actor.userId) return true;
  const projects = (await ctx.deps.caches.visibleProjects.get(ctx.actor.userId)) ?? [];
  return projects.some(({ members }) => members.some((member) => member.userId.toHexString() === id));
}

async function existing(id: string): Promise<StoredUser> {
  const user = await findUser(id);
  if (user === null) throw new Problem('user.not_found');
  return user;
}

/** The two forms in which an address is stored. */
export const emailFields = (email: string) => ({ email, emailNormalised: normaliseEmail(email) });

/** What sorting and searching need of a name and an address. */
export function searchFields(name: string, email: string) {
  const nameSort = name.toLowerCase();
  return {
    nameSort,
    searchTerms: [...new Set([nameSort, ...nameSort.split(/\s+/u), normaliseEmail(email)])],
  };
}
