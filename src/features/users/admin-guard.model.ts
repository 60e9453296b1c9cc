import mongoose from 'mongoose';
import { versionedSchema, objectId, type Versioned } from '../../db/base-schema.ts';

/** The one document that every removal of an administrator changes, so that two at once collide. */
export type StoredAdminGuard = Versioned;

/** Its fixed id. */
export const adminGuardId = objectId('000000000000000000000001');

/** The collection of that one document. */
export const AdminGuardModel = mongoose.model<StoredAdminGuard>(
  'AdminGuard',
  versionedSchema<StoredAdminGuard>({}),
  'adminguards',
);
