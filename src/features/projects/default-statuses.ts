import type { ProjectStatus } from '../../access/index.ts';

/** The task statuses every project starts with. */
export const defaultStatuses: readonly ProjectStatus[] = [
  { key: 'backlog', name: 'Backlog', category: 'backlog', color: '#94a3b8' },
  { key: 'todo', name: 'To do', category: 'todo', color: '#3b82f6' },
  { key: 'in_progress', name: 'In progress', category: 'in_progress', color: '#f59e0b' },
  { key: 'in_review', name: 'In review', category: 'in_progress', color: '#a855f7' },
  { key: 'done', name: 'Done', category: 'done', color: '#22c55e' },
];
