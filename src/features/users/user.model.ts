import mongoose from 'mongoose';
import type { SiteRole } from '../../access/index.ts';
import { versionedSchema, type Versioned } from '../../db/base-schema.ts';

/** A person with an account; what proves who they are is stored elsewhere. */
export interface StoredUser extends Versioned {
  name: string;
  /** As typed. */
  email: string;
  /** For comparing; a deleted user's is `deleted:<id>`. */
  emailNormalised: string;
  avatar: string | null;
  /** IANA name. */
  timeZone: string;
  roles: SiteRole[];
  disabled: boolean;
  deletedAt: Date | null;
  /** For sorting: the name in lower case. */
  nameSort: string;
  /** In lower case: the whole name, its words, the e-mail address. */
  searchTerms: string[];
}

const schema = versionedSchema<StoredUser>({
  name: { type: String, required: true },
  email: { type: String, required: true },
  emailNormalised: { type: String, required: true },
  avatar: { type: String, default: null },
  timeZone: { type: String, required: true },
  roles: { type: [String], required: true },
  disabled: { type: Boolean, required: true },
  deletedAt: { type: Date, default: null },
  nameSort: { type: String, required: true },
  searchTerms: { type: [String], required: true },
});
// Log in, add a member: the user of an address. What makes addresses unique are the claims.
schema.index({ emailNormalised: 1 });
// GET /users by its three sorts.
schema.index({ deletedAt: 1, createdAt: 1, _id: 1 });
schema.index({ deletedAt: 1, nameSort: 1, _id: 1 });
schema.index({ deletedAt: 1, emailNormalised: 1, _id: 1 });
// How many administrators are left.
schema.index({ roles: 1, disabled: 1 });

/** The users collection. */
export const UserModel = mongoose.model<StoredUser>('User', schema, 'users');
