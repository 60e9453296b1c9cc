import type { ContenderName, WorkloadName } from './types.ts';

/** One line of the table: a workload at a number of clients, and what the product should reach. */
export interface Slot {
  id: string;
  workload: WorkloadName;
  title: string;
  clients: number;
  /** The least rate as a multiple of LIMIT's. */
  goalLimit: number;
  /** The least rate as a multiple of Parse Server's. */
  goalParse: number;
}

/** Names for the reader of the report. */
export const contenderTitles: Record<ContenderName, string> = {
  product: 'Pro-Tasker',
  limit: 'LIMIT',
  parse: 'Parse Server',
};

const getSlot = (clients: number, goalLimit: number): Slot => ({
  id: 'W1',
  workload: 'get',
  title: 'GET a task by id, 200 different tokens',
  clients,
  goalLimit,
  goalParse: 4,
});

/** Every rate that is measured, with its goals. */
export const slots: readonly Slot[] = [
  getSlot(1, 0.9),
  getSlot(4, 0.9),
  getSlot(16, 1.5),
  getSlot(64, 2),
  {
    id: 'W2',
    workload: 'list',
    title: 'list 50 tasks: status filter, rank order, cursor in the middle',
    clients: 16,
    goalLimit: 1.2,
    goalParse: 2.5,
  },
  {
    id: 'W3',
    workload: 'create',
    title: 'create a task: number, task, event',
    clients: 16,
    goalLimit: 0.65,
    goalParse: 1.3,
  },
  {
    id: 'W4',
    workload: 'update',
    title: 'change the status under If-Match, event',
    clients: 16,
    goalLimit: 0.65,
    goalParse: 1.5,
  },
];

/** Whether a workload writes: what a server still does after the last answer is then waited for. */
export const writes = (workload: WorkloadName): boolean => workload === 'create' || workload === 'update';

/** Start-up (W12): most seconds from spawn to ready, most megabytes at rest, largest share of Parse Server's. */
export const startUpGoals = { seconds: 1, megabytes: 150, shareOfParse: 0.5 };
