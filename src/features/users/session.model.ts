import mongoose, { type Types } from 'mongoose';
import { versionedSchema, type Versioned } from '../../db/base-schema.ts';

/** One login on one device, from login to logout, however often its tokens are renewed. */
export interface StoredSession extends Versioned {
  userId: Types.ObjectId;
  /** The credential's generation under which the session was opened. */
  generation: number;
  device: string;
  address: string;
  lastUsedAt: Date;
  expiresAt: Date;
  endedAt: Date | null;
}

const schema = versionedSchema<StoredSession>({
  userId: { type: mongoose.Schema.Types.ObjectId, required: true },
  generation: { type: Number, required: true, min: 1 },
  device: { type: String, required: true },
  address: { type: String, required: true },
  lastUsedAt: { type: Date, required: true },
  expiresAt: { type: Date, required: true },
  endedAt: { type: Date, default: null },
});
// A user's own sessions: list them, end them all.
schema.index({ userId: 1, endedAt: 1, createdAt: -1, _id: -1 });
// The database removes what has expired.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** The sessions collection. */
export const SessionModel = mongoose.model<StoredSession>('Session', schema, 'sessions');
