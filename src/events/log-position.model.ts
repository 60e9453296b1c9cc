import mongoose from 'mongoose';
import { plainSchema } from '../db/base-schema.ts';

/** How far the sequencer has come. */
export interface StoredLogPosition {
  _id: typeof positionId;
  /** The highest number given. */
  seq: number;
  /** Where the change stream goes on; null while that is not known and everything has to be looked through. */
  token: unknown;
  at: Date;
}

const schema = plainSchema<StoredLogPosition>({
  _id: { type: String, required: true },
  seq: { type: Number, required: true, min: 0 },
  token: { type: mongoose.Schema.Types.Mixed, default: null },
  at: { type: Date, required: true },
});

/** Names the one document. */
export const positionId = 'sequencer';

/** The one document of how far the log is numbered. */
export const LogPositionModel = mongoose.model<StoredLogPosition>('LogPosition', schema, 'log_positions');

/** The highest number given, as the sequencer has stored it; 0 before the first. */
export async function numberedUpTo(): Promise<number> {
  const position = await LogPositionModel.findOne({ _id: positionId }, { seq: 1 }).lean();
  return position?.seq ?? 0;
}
