const dayMs = 86_400_000;

/** When a due date is over, as sorted and filtered: a day counts as its last millisecond in UTC. */
export function dueAtOf(dueDate: string | null): Date | null {
  if (dueDate === null) return null;
  return isDay(dueDate) ? new Date(Date.parse(`${dueDate}T00:00:00Z`) + dayMs - 1) : new Date(dueDate);
}

/** Whether a due date is a day, not a moment. */
export const isDay = (dueDate: string): boolean => dueDate.length === 10;

/** Midnight UTC of the day it is in a time zone: days before it are over for the people there. */
export function todayIn(timeZone: string, now: Date): Date {
  // The Swedish form of a date is ISO 8601.
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(now);
  return new Date(`${day}T00:00:00Z`);
}
