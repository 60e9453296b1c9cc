import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../db/base-schema.ts';
import type { FieldChange } from './changes.ts';
import { FollowerModel, ParkedEventModel } from './follower.model.ts';
import { LogPositionModel } from './log-position.model.ts';

/** One thing that happened, committed in the same transaction as the write that made it happen. */
export interface StoredEvent {
  _id: Types.ObjectId;
  /** Position in the one order of all events; absent until the sequencer has numbered it. */
  seq?: number;
  /** `<noun>.<past participle>`, such as `task.completed`. */
  name: string;
  at: Date;
  /** The user who did it; null when nobody was logged in. */
  actorId: Types.ObjectId | null;
  /** The same for all events of one request. */
  operationId: string;
  requestId: string;
  projectId: Types.ObjectId | null;
  subject: { type: string; id: string; version: number | null };
  changes: FieldChange[];
  data: Record<string, unknown>;
}

const schema = plainSchema<StoredEvent>({
  seq: { type: Number, min: 1 },
  name: { type: String, required: true, match: /^[a-z]+\.[a-z_]+$/ },
  at: { type: Date, required: true },
  actorId: { type: mongoose.Schema.Types.ObjectId, default: null },
  operationId: { type: String, required: true },
  requestId: { type: String, required: true },
  projectId: { type: mongoose.Schema.Types.ObjectId, default: null },
  subject: {
    type: new mongoose.Schema(
      {
        type: { type: String, required: true },
        id: { type: String, required: true },
        version: { type: Number, default: null },
      },
      { _id: false },
    ),
    required: true,
  },
  changes: { type: [mongoose.Schema.Types.Mixed], required: true },
  data: { type: mongoose.Schema.Types.Mixed, required: true },
});
// The log in order; one number for one event. A condition of `$type` would not serve the reader's `seq > n`.
schema.index({ seq: 1 }, { unique: true, partialFilterExpression: { seq: { $gt: 0 } } });
// The history of one thing, and of everything in a project.
schema.index({ 'subject.id': 1, seq: -1 });
schema.index({ projectId: 1, seq: -1 });
// "What changed since version N": answers to a stale If-Match.
schema.index({ 'subject.id': 1, 'subject.version': 1 });
// The same for the people of a project, whose events carry the version of the project.
schema.index(
  { projectId: 1, 'data.projectVersion': 1 },
  { partialFilterExpression: { 'data.projectVersion': { $gt: 0 } } },
);

/** The events collection. */
export const EventModel = mongoose.model<StoredEvent>('Event', schema, 'events');

/** The models of this part, for migrations. */
export const eventModels = [EventModel, LogPositionModel, FollowerModel, ParkedEventModel];
