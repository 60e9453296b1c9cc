/** The three servers that are compared. */
export type ContenderName = 'product' | 'limit' | 'parse';

/** What every contender must say about one task; compared between them in every round. */
export interface TaskFacts {
  id: string;
  title: string;
  description: string;
  status: string;
  priority: string;
  rank: string;
  number: number;
  version: number;
}

/** One page of the list workload: where it starts and the ids that must be on it. */
export interface Page {
  status: string;
  /** The contender's own form of "after this task". */
  cursor: string;
  ids: string[];
}

/** What a client must know to talk to one contender: everything is the same but tokens, cursors and port. */
export interface World {
  contender: ContenderName;
  port: number;
  readProject: string;
  writeProject: string;
  /** One per user; the get workload goes through all of them. */
  tokens: string[];
  /** Tasks of the read project, never written after seeding. */
  tasks: TaskFacts[];
  pages: Page[];
  /** Tasks of the write project whose status the update workload changes. */
  ownTasks: string[];
}

/** The workloads that are measured as a rate. */
export type WorkloadName = 'get' | 'list' | 'create' | 'update';

/** One measurement for the load process: who, what, how many clients, how long. */
export interface Run {
  contender: ContenderName;
  workload: WorkloadName;
  clients: number;
  milliseconds: number;
}

/** What the load process saw; a wrong answer ends the run, so every counted answer was right. */
export interface RunResult {
  answers: number;
  milliseconds: number;
  p50: number;
  p99: number;
  /** The first wrong answer in words, or null. */
  wrong: string | null;
}
