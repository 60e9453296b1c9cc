import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../db/base-schema.ts';

/** A follower's place in the log. */
export interface StoredFollower {
  /** The follower's name. */
  _id: string;
  /** The number of the last event it is done with. */
  seq: number;
  /** The event that fails at present. */
  failing: { seq: number; attempts: number } | null;
  at: Date;
}

/** An event that a follower could not act on, set aside so that the others go on. */
export interface StoredParkedEvent {
  follower: string;
  eventId: Types.ObjectId;
  seq: number;
  /** The name of the event. */
  name: string;
  error: string;
  attempts: number;
  at: Date;
}

const followerSchema = plainSchema<StoredFollower>({
  _id: { type: String, required: true },
  seq: { type: Number, required: true, min: 0 },
  failing: { type: mongoose.Schema.Types.Mixed, default: null },
  at: { type: Date, required: true },
});

/** The followers collection. */
export const FollowerModel = mongoose.model<StoredFollower>('Follower', followerSchema, 'followers');

const parkedSchema = plainSchema<StoredParkedEvent>({
  follower: { type: String, required: true },
  eventId: { type: mongoose.Schema.Types.ObjectId, required: true },
  seq: { type: Number, required: true, min: 1 },
  name: { type: String, required: true },
  error: { type: String, required: true, maxlength: 4_000 },
  attempts: { type: Number, required: true, min: 1 },
  at: { type: Date, required: true },
});
// The parked events of a follower in the order of the log; an event parks once.
parkedSchema.index({ follower: 1, seq: 1 }, { unique: true });

/** The parked_events collection. */
export const ParkedEventModel = mongoose.model<StoredParkedEvent>(
  'ParkedEvent',
  parkedSchema,
  'parked_events',
);
