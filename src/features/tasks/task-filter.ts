import type { QueryFilter } from 'mongoose';
import type { z } from 'zod';
import { objectId } from '../../db/base-schema.ts';
import { oneOf } from '../../db/keyset.ts';
import type { Sort } from '../../db/keyset-rows.ts';
import { todayIn } from './due-date.ts';
import { rankScale } from './rank.ts';
import type { StoredTask } from './task.model.ts';
import type { TaskFilter } from './task.schema.ts';

/** The filters of a task list as they came through the schema. */
export type TaskFilters = Omit<
  z.output<typeof TaskFilter>,
  'limit' | 'cursor' | 'count' | 'sort' | 'projectId' | 'q'
>;

/** Who reads, and what time it is for them. */
export interface Reader {
  userId: string;
  timeZone: string;
  now: Date;
  /** What was deleted earlier does not come back and is not shown any more. */
  restorableSince: Date;
}

/** The conditions of a list, divided by whether the index of the sort serves them. */
export interface SplitFilter {
  indexed: QueryFilter<StoredTask>;
  residual: QueryFilter<StoredTask>[];
  /** The index that serves sort and conditions; each is declared beside the model. */
  index: Record<string, 1>;
}

const sorts: Record<string, Omit<Sort, 'direction'>> = {
  rank: { field: 'rank', distinct: true, scale: rankScale },
  dueDate: { field: 'dueAt', nullable: true },
  priority: { field: 'priorityOrder' },
  createdAt: { field: 'createdAt', distinct: true },
  updatedAt: { field: 'updatedAt', distinct: true },
  number: { field: 'number', distinct: true },
};

/** The stored field and direction of a sort parameter. */
export function sortOf(parameter: string): Sort {
  const sort = sorts[parameter.replace('-', '')];
  if (sort === undefined) throw new Error(`the schema admitted the unknown sort ${parameter}`);
  return { ...sort, direction: parameter.startsWith('-') ? -1 : 1 };
}

/**
 * Which filters walk in an index together with the sort: one column in rank order, one desk in order of due dates,
 * and ranges of the sort field itself. All others are checked document by document.
 */
export function splitFilter(filters: TaskFilters, sort: Sort, reader: Reader): SplitFilter {
  const split: SplitFilter = {
    indexed: { trashed: filters.deleted === true },
    residual: [],
    index: indexFor(filters, sort),
  };
  for (const { condition, servedBy } of conditionsOf(filters, reader)) {
    if (servedBy === sort.field) Object.assign(split.indexed, condition);
    else split.residual.push(condition);
  }
  return split;
}

function indexFor(filters: TaskFilters, { field }: Sort): Record<string, 1> {
  const leading: Record<string, 1> =
    field === 'rank' && filters.status !== undefined
      ? { status: 1 }
      : field === 'dueAt' && filters.assigneeId !== undefined
        ? { assigneeId: 1 }
        : {};
  return { projectId: 1, trashed: 1, ...leading, [field]: 1, _id: 1 };
}

interface Condition {
  condition: QueryFilter<StoredTask>;
  /** The sort field whose index also serves this condition. */
  servedBy?: string;
}

function conditionsOf(filters: TaskFilters, reader: Reader): Condition[] {
  const { assigneeId, createdBy, status, category, priority, dueBefore, dueAfter, overdue, updatedSince } =
    filters;
  const personOf = (value: string) =>
    value === 'none' ? null : objectId(value === 'me' ? reader.userId : value);
  const conditions: Condition[] = [];
  const add = (condition: QueryFilter<StoredTask>, servedBy?: string): void => {
    conditions.push(servedBy === undefined ? { condition } : { condition, servedBy });
  };
  if (filters.deleted === true) add({ deletedAt: { $gte: reader.restorableSince } });
  if (status !== undefined) add({ status: oneOf(status) }, 'rank');
  if (assigneeId !== undefined) add({ assigneeId: oneOf(assigneeId.map(personOf)) }, 'dueAt');
  if (createdBy !== undefined) add({ createdBy: oneOf(createdBy.map(personOf)) });
  if (category !== undefined) add({ category: oneOf(category) });
  if (priority !== undefined) add({ priority: oneOf(priority) });
  if (dueBefore !== undefined || dueAfter !== undefined) {
    const range = {
      ...(dueBefore !== undefined && { $lt: new Date(dueBefore) }),
      ...(dueAfter !== undefined && { $gt: new Date(dueAfter) }),
    };
    add({ dueAt: range }, 'dueAt');
  }
  if (overdue !== undefined) add(overdue ? overdueFor(reader) : { $nor: [overdueFor(reader)] });
  if (updatedSince !== undefined) add({ updatedAt: { $gte: new Date(updatedSince) } }, 'updatedAt');
  return conditions;
}

function overdueFor({ timeZone, now }: Reader): QueryFilter<StoredTask> {
  return {
    category: { $nin: ['done', 'cancelled'] },
    $or: [
      { dueIsDay: false, dueAt: { $ne: null, $lt: now } },
      { dueIsDay: true, dueAt: { $lt: todayIn(timeZone, now) } },
    ],
  };
}
