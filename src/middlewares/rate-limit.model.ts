import mongoose from 'mongoose';

/** How often a key was counted in the minute that ends at `expire`; written by the rate limiter. */
interface StoredRateCount {
  key: string;
  points: number;
  expire: Date | null;
}

const schema = new mongoose.Schema<StoredRateCount>(
  {
    key: { type: String, required: true },
    points: { type: Number, required: true },
    expire: { type: Date, default: null },
  },
  { versionKey: false },
);
// One count per key: the limiter's upserts rely on it.
schema.index({ key: 1 }, { unique: true });
schema.index({ expire: 1 }, { expireAfterSeconds: 0 });

/** The counts of the rate limiter, shared by all processes. */
export const RateCountModel = mongoose.model<StoredRateCount>('RateCount', schema, 'ratelimits');
