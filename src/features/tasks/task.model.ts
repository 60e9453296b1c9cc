import mongoose, { type Types } from 'mongoose';
import { statusCategories, type StatusCategory } from '../../access/index.ts';
import { utf16, versionedSchema, type Versioned } from '../../db/base-schema.ts';

/** Priorities, lowest first; the place in the list is what sorting compares. */
export const priorities = ['none', 'low', 'medium', 'high', 'urgent'] as const;

/** How urgent a task is. */
export type Priority = (typeof priorities)[number];

/** A task as stored. */
export interface StoredTask extends Versioned {
  _id: Types.ObjectId;
  projectId: Types.ObjectId;
  /** Counts up within the project; gaps are possible. */
  number: number;
  title: string;
  description: string;
  /** Key of one of the project's statuses. */
  status: string;
  category: StatusCategory;
  priority: Priority;
  priorityOrder: number;
  assigneeId: Types.ObjectId | null;
  /** As the client gave it: a day or a moment. */
  dueDate: string | null;
  /** When it is over, for sorting and filtering. */
  dueAt: Date | null;
  dueIsDay: boolean;
  /** Place among the project's tasks; see `rank.ts`. */
  rank: string;
  createdBy: Types.ObjectId;
  completedAt: Date | null;
  deletedAt: Date | null;
  /** Whether `deletedAt` is set: an equality that indexes can begin with. */
  trashed: boolean;
  /** Words of the title, for search. */
  words: string[];
  /** Set while it is being removed for good: nobody sees it again. */
  purgedAt?: Date;
}

const objectIdType = mongoose.Schema.Types.ObjectId;

const schema = versionedSchema<StoredTask>({
  projectId: { type: objectIdType, required: true },
  number: { type: Number, required: true, min: 1 },
  title: { type: String, required: true, maxlength: utf16(500) },
  description: { type: String, default: '', maxlength: utf16(50_000) },
  status: { type: String, required: true },
  category: { type: String, required: true, enum: statusCategories },
  priority: { type: String, required: true, enum: priorities },
  priorityOrder: { type: Number, required: true, min: 0, max: priorities.length - 1 },
  assigneeId: { type: objectIdType, default: null },
  dueDate: { type: String, default: null },
  dueAt: { type: Date, default: null },
  dueIsDay: { type: Boolean, required: true },
  rank: { type: String, required: true },
  createdBy: { type: objectIdType, required: true },
  completedAt: { type: Date, default: null },
  deletedAt: { type: Date, default: null },
  trashed: { type: Boolean, required: true },
  words: [{ type: String }],
  purgedAt: { type: Date },
});
// GET /api/tasks, one index per sort; over several projects the server merges one range of each.
schema.index({ projectId: 1, trashed: 1, rank: 1, _id: 1 });
schema.index({ projectId: 1, trashed: 1, dueAt: 1, _id: 1 });
schema.index({ projectId: 1, trashed: 1, priorityOrder: 1, _id: 1 });
schema.index({ projectId: 1, trashed: 1, createdAt: 1, _id: 1 });
schema.index({ projectId: 1, trashed: 1, updatedAt: 1, _id: 1 });
// The same for `number`; also finding a task by its key.
schema.index({ projectId: 1, trashed: 1, number: 1, _id: 1 });
// One column of a board, and the neighbours of a move.
schema.index({ projectId: 1, trashed: 1, status: 1, rank: 1, _id: 1 });
// "What is on my desk", and the tasks of a member who left.
schema.index({ projectId: 1, trashed: 1, assigneeId: 1, dueAt: 1, _id: 1 });
// Search: words of the title by their beginnings.
schema.index({ projectId: 1, trashed: 1, words: 1 });
// What has been in the trash for too long.
schema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $gt: new Date(0) } } });

/** The tasks collection. */
export const TaskModel = mongoose.model<StoredTask>('Task', schema, 'tasks');

/** The models of this feature, for migrations. */
export const taskModels = [TaskModel];
