/** The fields whose changes an event lists. */
export const recordedFields = [
  'title',
  'description',
  'status',
  'category',
  'priority',
  'assigneeId',
  'dueDate',
  'rank',
  'completedAt',
] as const;

type State = Record<(typeof recordedFields)[number], unknown>;

const isSame = (a: unknown, b: unknown): boolean => String(a) === String(b);

/** Names a change by the most specific thing that happened. */
export function eventNameFor(before: State, after: State): string {
  if (before.category !== after.category) {
    if (after.category === 'done') return 'task.completed';
    if (before.category === 'done') return 'task.reopened';
  }
  const changed = recordedFields.filter((field) => !isSame(before[field], after[field]));
  if (changed.length === 1 && changed[0] === 'assigneeId') return 'task.assigned';
  return changed.includes('rank') ? 'task.moved' : 'task.updated';
}
