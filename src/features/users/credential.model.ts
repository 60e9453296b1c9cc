import mongoose from 'mongoose';
import type { PasswordHash } from '../../access/index.ts';
import { versionedSchema, type Versioned } from '../../db/base-schema.ts';

/** How a user proves who they are; `_id` is the user's. */
export interface StoredCredential extends Versioned, PasswordHash {
  /** Rises with every new password; sessions opened under an older one do not count. */
  generation: number;
}

const schema = versionedSchema<StoredCredential>({
  hash: { type: String, required: true },
  pepperId: { type: String, default: null },
  generation: { type: Number, required: true, min: 1 },
});

/** The credentials collection, apart from the users so that no read of a user can carry a hash. */
export const CredentialModel = mongoose.model<StoredCredential>('Credential', schema, 'credentials');
