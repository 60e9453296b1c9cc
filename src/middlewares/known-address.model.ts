import mongoose from 'mongoose';
import { plainSchema } from '../db/base-schema.ts';

/** That an account was logged in to from an address; only the digest of both is kept. */
export interface StoredKnownAddress {
  _id: string;
  expiresAt: Date;
}

const schema = plainSchema<StoredKnownAddress>({
  _id: { type: String, required: true },
  expiresAt: { type: Date, required: true },
});
// The database forgets addresses that have not been used for long.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** The known addresses collection. */
export const KnownAddressModel = mongoose.model<StoredKnownAddress>(
  'KnownAddress',
  schema,
  'known_addresses',
);
