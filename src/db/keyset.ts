import { createHash } from 'node:crypto';
import type { Model, QueryFilter, Types } from 'mongoose';
import { z } from 'zod';
import { Problem } from '../errors/index.ts';
import type { Page } from '../schemas/common.ts';
import { objectId } from './base-schema.ts';

/** How a list is walked: by one indexed field, ties broken by id. */
export interface Sort {
  field: string;
  direction: 1 | -1;
  /** Values may be null; they come last in either direction. */
  nullable?: boolean;
}

/** The page a client asks for. */
export interface PageRequest {
  limit: number;
  cursor?: string | undefined;
  count?: boolean | undefined;
}

/** One question for a page. */
export interface Walk<T> {
  model: Model<T>;
  /** What an index serves: these conditions decide where in the order the walk is. */
  filter: QueryFilter<T>;
  /** Conditions no index serves: checked on at most `scanBudget` documents a page. */
  residual?: QueryFilter<T>;
  /** The index to walk in, where a planner could be tempted by another one and sort. */
  index?: Record<string, 1>;
  sort: Sort;
  page: PageRequest;
  /** What the cursor belongs to: a text that differs whenever filters or sort differ. */
  binding: string;
}

/** Documents looked at per page when no index serves a filter; the page then may be short. */
export const scanBudget = 2_000;
/** Documents looked at for a count when no index serves a filter; the count then says that there may be more. */
export const countBudget = 10_000;
const countCap = 1_000;
const mostCandidates = 2_000;

const Position = z.strictObject({
  /** Digest of the binding. */
  b: z.string(),
  /** The sort value of the last item seen. */
  v: z.union([z.string(), z.number(), z.strictObject({ t: z.number() }), z.null()]),
  /** Its id. */
  i: z.string().regex(/^[0-9a-f]{24}$/),
});

/** Where in an order something stands. */
export interface Place {
  value: unknown;
  id: Types.ObjectId;
}

/** Gives one page in order, and where the next begins. Throws `request.invalid_cursor`. */
export async function walk<T extends { _id: Types.ObjectId }>(question: Walk<T>): Promise<Page<T>> {
  const { page, sort } = question;
  const digest = digestOf(question.binding);
  const start = page.cursor === undefined ? undefined : readCursor(question, page.cursor, digest);
  const counting = page.count === true ? countUpTo(question) : undefined;
  const items: T[] = [];
  let next: Place | undefined;
  for (const range of rangesFrom(sort, start)) {
    const part = await walkRange(question, range, page.limit + 1 - items.length);
    items.push(...part.items);
    if (items.length > page.limit) {
      next = placeOf(items[page.limit - 1], sort);
      break;
    }
    if (part.stoppedAt !== undefined) {
      next = part.stoppedAt;
      break;
    }
  }
  return {
    items: items.slice(0, page.limit),
    nextCursor: next === undefined ? null : writeCursor(next, digest),
    ...(await counting),
  };
}

/**
 * The ranges of the sort field's index that lie behind `start`, in order: the rest of its ties, the values beyond,
 * the nulls. Each is one stretch of the index; an `$or` of them made the server look at everything before the cursor.
 */
function rangesFrom({ field, direction, nullable }: Sort, start: Place | undefined): object[] {
  const beyond = direction === 1 ? '$gt' : '$lt';
  const nulls = nullable === true ? [{ [field]: null }] : [];
  if (start === undefined) return nullable === true ? [{ [field]: { $ne: null } }, ...nulls] : [{}];
  const ties = { [field]: start.value, _id: { [beyond]: start.id } };
  return start.value === null ? [ties] : [ties, { [field]: { [beyond]: start.value } }, ...nulls];
}

async function walkRange<T extends { _id: Types.ObjectId }>(
  question: Walk<T>,
  range: object,
  wanted: number,
): Promise<{ items: T[]; stoppedAt: Place | undefined }> {
  const { model, sort, residual, index } = question;
  const options = index === undefined ? {} : { hint: index };
  // The keyset range is built from field names that only our own code chooses.
  const filter = joined(question.filter, range) as QueryFilter<T>;
  const order = { [sort.field]: sort.direction, _id: sort.direction } as const;
  if (residual === undefined) {
    // Lean documents have the model's stored type.
    const items = (await model.find(filter, null, options).sort(order).limit(wanted).lean()) as T[];
    return { items, stoppedAt: undefined };
  }
  const stages = [
    { $match: castFilter(model, filter) },
    { $sort: order },
    { $limit: scanBudget },
    { $match: castFilter(model, residual) },
    { $limit: wanted },
  ];
  const items = await model.aggregate<T>(stages, options);
  if (items.length >= wanted) return { items, stoppedAt: undefined };
  // Fewer than wanted: either the end, or the budget ran out at this document.
  const last = (await model
    .find(filter, null, options)
    .sort(order)
    .skip(scanBudget - 1)
    .limit(1)
    .lean()) as T[];
  return { items, stoppedAt: last[0] === undefined ? undefined : placeOf(last[0], sort) };
}

/** Aggregations do not cast by the schema as finds do. */
const castFilter = <T>(model: Model<T>, filter: QueryFilter<T>): QueryFilter<T> => {
  const query = model.find(filter);
  // Casting leaves the form of a filter as it is.
  return query.cast(model, query.getFilter()) as QueryFilter<T>;
};

/** Both conditions in one flat filter where no field is named twice. */
const joined = (filter: object, range: object): object =>
  Object.keys(range).some((field) => field in filter) ? { $and: [filter, range] } : { ...filter, ...range };

/** A field that has one of the values. A list of one is written as the value, which servers plan better. */
export const oneOf = <V>(values: readonly V[]): V | { $in: readonly V[] } => {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : { $in: values };
};

/**
 * The same page from few documents: those that `candidates` finds are fetched, then filtered and ordered here.
 * For conditions an index finds faster than a walk in sort order would; at most `mostCandidates` documents.
 */
export async function walkCandidates<T extends { _id: Types.ObjectId }>(
  question: Walk<T>,
  candidates: QueryFilter<T>,
): Promise<Page<T>> {
  const { model, filter, residual, sort, page } = question;
  const digest = digestOf(question.binding);
  const start = page.cursor === undefined ? undefined : readCursor(question, page.cursor, digest);
  // Joining filters of one model gives a filter of that model.
  const whole = { $and: [candidates, filter, residual ?? {}] } as unknown as QueryFilter<T>;
  const all = (await model.find(whole).limit(mostCandidates).lean()) as T[];
  const placed = all.map((item) => ({ item, place: { value: sortValue(item, sort), id: item._id } }));
  placed.sort((a, b) => comparePlaces(a.place, b.place, sort));
  const rest =
    start === undefined ? placed : placed.filter(({ place }) => comparePlaces(place, start, sort) > 0);
  const items = rest.slice(0, page.limit);
  const last = items.at(-1);
  return {
    items: items.map(({ item }) => item),
    nextCursor: rest.length > items.length && last !== undefined ? writeCursor(last.place, digest) : null,
    ...(page.count === true && capped(all.length)),
  };
}

/** Compares two places of an order as the database does. */
export function comparePlaces(a: Place, b: Place, { direction }: Sort): number {
  if (a.value === null || b.value === null) {
    if (a.value !== b.value) return a.value === null ? 1 : -1;
  } else {
    const byValue = compareValues(a.value, b.value);
    if (byValue !== 0) return byValue * direction;
  }
  return compareValues(a.id.toHexString(), b.id.toHexString()) * direction;
}

/** Numbers and times by size, texts by code units as the database compares ASCII. */
function compareValues(a: unknown, b: unknown): number {
  const [left, right] = [a, b].map((value) => (value instanceof Date ? value.getTime() : value)) as [
    string | number,
    string | number,
  ];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** What of a binding stands in a cursor. */
export const digestOf = (binding: string): string =>
  createHash('sha256').update(binding).digest('base64url').slice(0, 16);

/** A count as pages show it. */
export const capped = (total: number): { total: number; totalIsCapped?: boolean } =>
  total > countCap ? { total: countCap, totalIsCapped: true } : { total };

async function countUpTo<T>({
  model,
  filter,
  residual,
  index,
}: Walk<T>): Promise<{ total: number; totalIsCapped?: boolean }> {
  const options = index === undefined ? {} : { hint: index };
  const countOf = (limit: number): Promise<number> =>
    model.countDocuments(filter, { ...options, limit }).exec();
  if (residual === undefined) return capped(await countOf(countCap + 1));
  const stages = [
    { $match: castFilter(model, filter) },
    { $limit: countBudget },
    { $match: castFilter(model, residual) },
    { $limit: countCap + 1 },
    { $count: 'total' },
  ];
  const [rows, looked] = await Promise.all([
    model.aggregate<{ total: number }>(stages, options),
    countOf(countBudget + 1),
  ]);
  const counted = capped(rows[0]?.total ?? 0);
  return looked > countBudget ? { ...counted, totalIsCapped: true } : counted;
}

/** Where a document stands. */
export function placeOf<T extends { _id: Types.ObjectId }>(item: T, sort: Sort): Place;
export function placeOf<T extends { _id: Types.ObjectId }>(
  item: T | undefined,
  sort: Sort,
): Place | undefined;
export function placeOf<T extends { _id: Types.ObjectId }>(
  item: T | undefined,
  sort: Sort,
): Place | undefined {
  return item === undefined ? undefined : { value: sortValue(item, sort), id: item._id };
}

/** The sort field is one of the document's own, which the type system cannot see. */
const sortValue = (item: object, sort: Sort): unknown =>
  (item as Record<string, unknown>)[sort.field] ?? null;

/** Writes the cursor of a place. */
export function writeCursor({ value, id }: Place, digest: string): string {
  const v = value instanceof Date ? { t: value.getTime() } : value;
  return Buffer.from(JSON.stringify({ b: digest, v, i: id.toHexString() })).toString('base64url');
}

/** Reads the place out of a cursor. Throws `request.invalid_cursor`. */
export function readCursor<T>({ model, sort }: Walk<T>, cursor: string, digest: string): Place {
  try {
    const { b, v, i } = Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (b !== digest)
      throw new Problem('request.invalid_cursor', {
        detail: 'This cursor came from other filters or another sort.',
      });
    const value = typeof v === 'object' && v !== null ? new Date(v.t) : v;
    if (!fits(model, sort, value)) throw new TypeError('no value of the sort field');
    return { value, id: objectId(i) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('request.invalid_cursor', { detail: 'This is not a cursor of this API.' });
  }
}

/** Whether a value that came with a cursor is one the sort field can have: cursors are not signed. */
function fits<T>(model: Model<T>, { field, nullable }: Sort, value: string | number | Date | null): boolean {
  if (value === null) return nullable === true;
  if (value instanceof Date && Number.isNaN(value.getTime())) return false;
  const kind = value instanceof Date ? 'Date' : typeof value === 'number' ? 'Number' : 'String';
  return model.schema.path(field).instance === kind;
}
