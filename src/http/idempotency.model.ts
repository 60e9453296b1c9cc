import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../db/base-schema.ts';

/** An answer kept for a day under its `Idempotency-Key`, committed together with what the request did. */
export interface StoredAnswer {
  /** SHA-256 of user and key. */
  _id: string;
  /** SHA-256 of method, address and body: the same key with anything else is a mistake. */
  fingerprint: string;
  status: number;
  headers: Record<string, string>;
  /** The body as it was sent; null when there was none or it was too large to keep. */
  text: string | null;
  /** What the user was when the answer was made: its body is shown again only to who still reads as much. */
  projects: { projectId: Types.ObjectId; asManager: boolean }[];
  siteRoles: string[];
  expiresAt: Date;
}

const schema = plainSchema<StoredAnswer>({
  _id: { type: String, required: true },
  fingerprint: { type: String, required: true },
  status: { type: Number, required: true },
  headers: { type: mongoose.Schema.Types.Mixed, required: true },
  text: { type: String, default: null },
  projects: {
    type: [
      new mongoose.Schema(
        {
          projectId: { type: mongoose.Schema.Types.ObjectId, required: true },
          asManager: { type: Boolean, required: true },
        },
        { _id: false },
      ),
    ],
    required: true,
  },
  siteRoles: { type: [String], required: true },
  expiresAt: { type: Date, required: true },
});
// Kept for 24 hours; look-ups do not wait for the deletion.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** The answers kept under idempotency keys. */
export const AnswerModel = mongoose.model<StoredAnswer>('Answer', schema, 'answers');
