import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../../db/base-schema.ts';

/** A ticket that opens one stream in the name of a session. */
export interface StoredTicket {
  /** SHA-256 of the ticket. */
  _id: string;
  userId: Types.ObjectId;
  sessionId: Types.ObjectId;
  usedAt: Date | null;
  expiresAt: Date;
}

const schema = plainSchema<StoredTicket>({
  _id: { type: String, required: true },
  userId: { type: mongoose.Schema.Types.ObjectId, required: true },
  sessionId: { type: mongoose.Schema.Types.ObjectId, required: true },
  usedAt: { type: Date, default: null },
  expiresAt: { type: Date, required: true },
});
// The database removes what has expired.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

/** The tickets collection. */
export const TicketModel = mongoose.model<StoredTicket>('EventTicket', schema, 'event_tickets');
