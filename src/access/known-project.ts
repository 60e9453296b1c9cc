import type { Types } from 'mongoose';
import type { ProjectRole } from './permissions.ts';

/** What a task status means, whatever a project calls it. */
export const statusCategories = ['backlog', 'todo', 'in_progress', 'done', 'cancelled'] as const;

/** The meaning of a status. */
export type StatusCategory = (typeof statusCategories)[number];

/** One of a project's task statuses. */
export interface ProjectStatus {
  key: string;
  name: string;
  category: StatusCategory;
  color: string;
}

/** One person in a project. */
export interface ProjectMember {
  userId: Types.ObjectId;
  role: ProjectRole;
  since: Date;
}

/** What other parts need to know of a stored project: who is in it, its key, its statuses. */
export interface KnownProject {
  _id: Types.ObjectId;
  key: string;
  status: string;
  statuses: ProjectStatus[];
  members: ProjectMember[];
  deletedAt: Date | null;
}
