import type { z } from 'zod';
import type { StoredUser } from './user.model.ts';
import type { PublicUser, User, UserAccount, VisibleUser } from './user.schema.ts';

/** The person as others see them. */
const presentPublicUser = (user: StoredUser): z.input<typeof PublicUser> => ({
  id: user._id.toHexString(),
  name: user.name,
  avatar: user.avatar,
});

/** The account as its owner sees it. */
export const presentUser = (user: StoredUser): z.input<typeof User> => ({
  ...presentPublicUser(user),
  email: user.email,
  timeZone: user.timeZone,
  roles: user.roles,
  createdAt: user.createdAt.toISOString(),
  updatedAt: user.updatedAt.toISOString(),
  version: user.version,
});

/** The account as administrators see it. */
export const presentAccount = (user: StoredUser): z.input<typeof UserAccount> => ({
  ...presentUser(user),
  disabled: user.disabled,
});

/** The whole account, or what others see. */
export const presentVisibleUser = (seen: {
  user: StoredUser;
  whole: boolean;
}): z.input<typeof VisibleUser> => (seen.whole ? presentAccount(seen.user) : presentPublicUser(seen.user));
