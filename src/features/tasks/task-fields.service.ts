import { dueAtOf, isDay } from './due-date.ts';
import { priorities, type StoredTask } from './task.model.ts';
import { wordsOf } from './task-words.ts';

/** A title as it is stored: with its words, for search. */
export const titleFields = (title: string) => ({ title, words: wordsOf(title) });

/** A priority as it is stored: with its place among the others, for sorting. */
export const priorityFields = (priority: StoredTask['priority']) => ({
  priority,
  priorityOrder: priorities.indexOf(priority),
});

/** A due date as it is stored: as it was given, and as it is compared. */
export const dueFields = (dueDate: string | null) => ({
  dueDate,
  dueAt: dueAtOf(dueDate),
  dueIsDay: dueDate !== null && isDay(dueDate),
});
