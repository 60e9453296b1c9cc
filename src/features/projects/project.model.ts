import mongoose, { type Types } from 'mongoose';
import { projectRoles, statusCategories, type KnownProject } from '../../access/index.ts';
import { plainSchema, utf16, versionedSchema, type Versioned } from '../../db/base-schema.ts';

/** What a project can be; an archived one is read-only. */
export const projectStatuses = ['active', 'on_hold', 'completed', 'archived'] as const;

/** One of the states of a project. */
export type ProjectState = (typeof projectStatuses)[number];

/** A project as stored; its people are inside, so that every rule about them is a rule about one document. */
export interface StoredProject extends KnownProject, Versioned {
  _id: Types.ObjectId;
  name: string;
  /** The name folded for sorting and searching. */
  nameKey: string;
  description: string;
  status: ProjectState;
  ownerId: Types.ObjectId;
  /** Set while it is being removed for good: nobody sees it again. */
  purgedAt?: Date;
}

const objectIdType = mongoose.Schema.Types.ObjectId;
const part = (definition: mongoose.SchemaDefinition) => new mongoose.Schema(definition, { _id: false });

const schema = versionedSchema<StoredProject>({
  key: { type: String, required: true, match: /^[A-Z]{2,10}$/ },
  name: { type: String, required: true, maxlength: utf16(200) },
  nameKey: { type: String, required: true },
  description: { type: String, default: '', maxlength: utf16(50_000) },
  status: { type: String, required: true, enum: projectStatuses },
  statuses: [
    part({
      key: { type: String, required: true },
      name: { type: String, required: true },
      category: { type: String, required: true, enum: statusCategories },
      color: { type: String, required: true },
    }),
  ],
  ownerId: { type: objectIdType, required: true },
  members: [
    part({
      userId: { type: objectIdType, required: true },
      role: { type: String, required: true, enum: projectRoles },
      since: { type: Date, required: true },
    }),
  ],
  deletedAt: { type: Date, default: null },
  purgedAt: { type: Date },
});
// The keys an owner uses, to propose a free one.
schema.index({ ownerId: 1, key: 1 });
// GET /api/projects, one index per sort; the deletion mark is checked on the few projects a person has.
schema.index({ 'members.userId': 1, nameKey: 1, _id: 1 });
schema.index({ 'members.userId': 1, createdAt: 1, _id: 1 });
schema.index({ 'members.userId': 1, updatedAt: 1, _id: 1 });
// What has been in the trash for too long.
schema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $gt: new Date(0) } } });

/** The projects collection. */
export const ProjectModel = mongoose.model<StoredProject>('Project', schema, 'projects');

/** A key in use by a project of its owner, also in the trash: a restored project must not clash. */
export interface StoredProjectKey {
  /** `<owner>/<key>`: the one unique index decides between rivals. */
  _id: string;
}

/**
 * The project keys collection. A claim is a document that comes and goes, because the embedded engine keeps the old
 * value of a changed field in a unique index: a key given up could never be used again.
 */
export const ProjectKeyModel = mongoose.model<StoredProjectKey>(
  'ProjectKey',
  plainSchema<StoredProjectKey>({ _id: { type: String, required: true } }),
  'project_keys',
);

/** The last task number and the last rank given out in a project; changed atomically, never in a transaction. */
export interface StoredCounter {
  _id: Types.ObjectId;
  number: number;
  rank: number;
}

/** The counters collection, by project id. */
export const CounterModel = mongoose.model<StoredCounter>(
  'Counter',
  plainSchema<StoredCounter>({
    _id: { type: objectIdType, required: true },
    number: { type: Number, required: true, min: 0 },
    rank: { type: Number, required: true, min: 0 },
  }),
  'counters',
);

/** The models of this feature, for migrations. */
export const projectModels = [ProjectModel, ProjectKeyModel, CounterModel];
