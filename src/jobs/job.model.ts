import mongoose, { type Types } from 'mongoose';
import { plainSchema } from '../db/base-schema.ts';

/** What a job can be: `parked` ones have failed too often and wait for an operator. */
export const jobStates = ['waiting', 'running', 'done', 'parked'] as const;

/** One of the states of a job. */
export type JobState = (typeof jobStates)[number];

/** Something to be done later, outside the request that asked for it. */
export interface StoredJob {
  _id: Types.ObjectId;
  name: string;
  /** `<name>/<key>`; jobs without a key have their id instead. Unique as long as the job is kept. */
  key: string;
  payload: unknown;
  state: JobState;
  /** From when on a process may claim it: its time, its next try, or the end of its lease; null when nobody may. */
  nextAt: Date | null;
  /** How often it was claimed, also by processes that died. */
  attempts: number;
  /** For how long a claim holds without being renewed. */
  leaseMs: number;
  /** Who claimed it; a different text for each claim. */
  lease: string | null;
  /** By the clock of the database. */
  leaseUntil: Date | null;
  lastError: string | null;
  createdAt: Date;
  endedAt: Date | null;
  /** When the database may forget a job that is done. */
  forgetAt: Date | null;
}

const schema = plainSchema<StoredJob>({
  name: { type: String, required: true },
  key: { type: String, required: true },
  payload: { type: mongoose.Schema.Types.Mixed, required: true },
  state: { type: String, required: true, enum: jobStates },
  nextAt: { type: Date, default: null },
  attempts: { type: Number, required: true, min: 0 },
  leaseMs: { type: Number, required: true, min: 100 },
  lease: { type: String, default: null },
  leaseUntil: { type: Date, default: null },
  lastError: { type: String, default: null },
  createdAt: { type: Date, required: true },
  endedAt: { type: Date, default: null },
  forgetAt: { type: Date, default: null },
});
// The next job to claim, the longest due first.
schema.index({ nextAt: 1 });
/** The name of the index that makes keys unique. */
export const keyIndex = 'job_key';
schema.index({ key: 1 }, { unique: true, name: keyIndex });
// The operator's list: how many of each state, and the parked ones.
schema.index({ state: 1, name: 1, endedAt: 1 });
// The database removes what was done a while ago.
schema.index({ forgetAt: 1 }, { expireAfterSeconds: 0 });

/** The jobs collection. */
export const JobModel = mongoose.model<StoredJob>('Job', schema, 'jobs');

/** How far a schedule has come. */
export interface StoredSchedule {
  /** Its name. */
  _id: string;
  /** The last tick that has become a job. */
  tick: Date;
}

/** The schedules collection. */
export const ScheduleModel = mongoose.model<StoredSchedule>(
  'Schedule',
  plainSchema<StoredSchedule>({
    _id: { type: String, required: true },
    tick: { type: Date, required: true },
  }),
  'schedules',
);

/** The models of this part, for migrations. */
export const jobModels = [JobModel, ScheduleModel];
