import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../../db/base-schema.ts';

/** A refresh token as it is stored: its digest, whose session it prolongs, and whether it was used. */
export interface StoredRefreshToken {
  _id: Types.ObjectId;
  hash: string;
  sessionId: Types.ObjectId;
  usedAt: Date | null;
  expiresAt: Date;
}

const schema = plainSchema<StoredRefreshToken>({
  hash: { type: String, required: true },
  sessionId: { type: mongoose.Schema.Types.ObjectId, required: true },
  usedAt: { type: Date, default: null },
  expiresAt: { type: Date, required: true },
});
// Refresh: the token of a digest.
schema.index({ hash: 1 }, { unique: true });
// The database removes what has expired.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** The refresh tokens collection. */
export const RefreshTokenModel = mongoose.model<StoredRefreshToken>('RefreshToken', schema, 'refreshtokens');
