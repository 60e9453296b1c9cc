import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../../db/base-schema.ts';

/** An e-mail address that has an account; `_id` is the address in the form for comparing. */
export interface StoredEmailClaim {
  _id: string;
  userId: Types.ObjectId;
}

const schema = plainSchema<StoredEmailClaim>({
  _id: { type: String, required: true },
  userId: { type: mongoose.Schema.Types.ObjectId, required: true },
});

/**
 * The claims that make addresses unique. They are inserted and deleted, never changed: in a unique index
 * over the users, the embedded engine would keep an address taken after its user has changed to another.
 */
export const EmailClaimModel = mongoose.model<StoredEmailClaim>('EmailClaim', schema, 'emailclaims');
