/** The part of the API's answers that the demo reads; the whole is in docs/openapi.json. */
export interface Session {
  token: string;
  refreshToken: string;
  expiresIn: number;
  user: { id: string; name: string; email: string };
}

/** A project. */
export interface Project {
  id: string;
  key: string;
  name: string;
  role: string;
  statuses: { key: string; name: string }[];
  version: number;
}

/** A person in a project. */
export interface Member {
  userId: string;
  name: string;
  role: string;
}

/** A task. */
export interface Task {
  id: string;
  key: string;
  projectId: string;
  title: string;
  status: string;
  priority: string;
  assigneeId: string | null;
  dueDate: string | null;
  rank: string;
  completedAt: string | null;
  deletedAt: string | null;
  can: string[];
  version: number;
}

/** An error. */
export interface Problem {
  status: number;
  code: string;
  title: string;
}

/** 403: what is missing and who has it. */
export interface Denied extends Problem {
  permission: string;
  roles: string[];
}

/** 412: what changed since. */
export interface Changed extends Problem {
  version: number;
  changedFields: string[];
  changes: { version: number; fields: string[]; by: string; at: string }[];
}
