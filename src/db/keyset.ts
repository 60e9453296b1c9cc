import { createHash } from 'node:crypto';
import type { Model, QueryFilter, Types } from 'mongoose';
import { z } from 'zod';
import { Problem } from '../errors/index.ts';
import type { Page } from '../schemas/common.ts';
import { objectId } from './base-schema.ts';
import { castFilter, documents, type Place, type Rows, type Sort } from './keyset-rows.ts';

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
  /** The index to walk in; it is named to the server where a planner could be tempted by another one and sort. */
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

const SortValue = z.union([z.string(), z.number(), z.strictObject({ t: z.number() }), z.null()]);

const Position = z.strictObject({
  /** Digest of the binding. */
  b: z.string(),
  /** The sort value of the last item seen. */
  v: SortValue,
  /** That of the first item on its page, which tells how far a page reaches. */
  f: SortValue.optional(),
  /** Its id. */
  i: z.string().regex(/^[0-9a-f]{24}$/),
});

/** Gives one page in order, and where the next begins. Throws `request.invalid_cursor`. */
export const walk = <T extends { _id: Types.ObjectId }>(question: Walk<T>): Promise<Page<T>> =>
  walkRows(question, documents<T>());

/** The same page as rows of another kind. */
export async function walkRows<T extends { _id: Types.ObjectId }, R>(
  question: Walk<T>,
  rows: Rows<T, R>,
): Promise<Page<R>> {
  const { page, sort } = question;
  const digest = digestOf(question.binding);
  const start = page.cursor === undefined ? undefined : readCursor(question, page.cursor, digest);
  const counting = page.count === true ? countUpTo(question) : undefined;
  const items: R[] = [];
  let next: Place | undefined;
  for await (const part of partsFrom(question, rows, start, items)) {
    items.push(...part.items);
    const last = items[page.limit - 1];
    next = items.length > page.limit && last !== undefined ? rows.placeOf(last, sort) : part.stoppedAt;
    if (next !== undefined) break;
  }
  return {
    items: items.slice(0, page.limit),
    nextCursor:
      next === undefined ? null : writeCursor({ ...next, first: firstOf(items, question, rows) }, digest),
    ...(await counting),
  };
}

/** The value with which a page begins, where the next page can make use of it. */
function firstOf<T, R>([item]: readonly R[], { sort, residual }: Walk<T>, rows: Rows<T, R>): unknown {
  if (item === undefined || sort.distinct !== true || residual !== undefined) return undefined;
  const { value } = rows.placeOf(item, sort);
  return typeof value === 'string' ? sort.scale?.write(sort.scale.read(value)) : value;
}

/** Where a page begins, and the sort value with which the page before began. */
interface Start extends Place {
  first?: unknown;
}

interface Part<R> {
  items: R[];
  /** Where looking ended although there may be more. */
  stoppedAt: Place | undefined;
}

/** What lies behind `start`, part by part in order, until as many items as are wanted have been taken. */
async function* partsFrom<T extends { _id: Types.ObjectId }, R>(
  question: Walk<T>,
  rows: Rows<T, R>,
  start: Start | undefined,
  taken: readonly R[],
): AsyncGenerator<Part<R>> {
  const { sort, page, residual } = question;
  const wanted = (): number => page.limit + 1 - taken.length;
  let rest = start;
  if (start !== undefined && sort.distinct === true && residual === undefined) {
    const [from, to] = sort.direction === 1 ? ['$gte', '$lte'] : ['$lte', '$gte'];
    const reach = reachOf(start, sort);
    // The cursor's own row comes along and is dropped: one command instead of one for its ties and one for the rest.
    const range = { [from]: start.value, ...(reach !== undefined && { [to]: reach }) };
    const asked = wanted() + 1;
    const { items } = await walkRange(question, { [sort.field]: range }, asked, rows);
    const first = items.findIndex((item) => comparePlaces(rows.placeOf(item, sort), start, sort) > 0);
    yield { items: first === -1 ? [] : items.slice(first), stoppedAt: undefined };
    if (items.length < asked) {
      if (reach !== undefined) yield await walkRange(question, beyond(sort, reach), wanted(), rows);
      return;
    }
    const last = items.at(-1);
    if (first !== -1 && last !== undefined) rest = rows.placeOf(last, sort);
  }
  for (const range of rangesFrom(sort, rest)) yield await walkRange(question, range, wanted(), rows);
}

/**
 * The ranges of the sort field's index that lie behind `start`, in order: the rest of its ties, the values beyond,
 * the nulls. Each is one stretch of the index; an `$or` of them made the server look at everything before the cursor.
 */
function rangesFrom(sort: Sort, start: Place | undefined): object[] {
  const { field, direction, nullable } = sort;
  const nulls = nullable === true ? [{ [field]: null }] : [];
  if (start === undefined) return nullable === true ? [{ [field]: { $ne: null } }, ...nulls] : [{}];
  const ties = { [field]: start.value, _id: { [direction === 1 ? '$gt' : '$lt']: start.id } };
  return start.value === null ? [ties] : [ties, beyond(sort, start.value), ...nulls];
}

const beyond = ({ field, direction }: Sort, value: unknown): object => ({
  [field]: { [direction === 1 ? '$gt' : '$lt']: value },
});

/** How much further than the page before the next one may reach before it takes a second command. */
const reserve = 2;

/**
 * A value that the next page hardly goes beyond, judged by the page before; undefined where nothing can be said.
 * The embedded engine reads the whole range of a command whatever its limit is; to MongoDB it makes no difference.
 */
function reachOf({ first, value }: Start, { direction, scale }: Sort): unknown {
  const isText = typeof value === 'string';
  const read = (one: unknown): number => (isText ? (scale?.read(String(one)) ?? NaN) : Number(one));
  const step = (read(value) - read(first)) * reserve;
  // Not a number, or no distance: nothing is known.
  if (first === undefined || !(step * direction > 0)) return undefined;
  const reach = read(value) + step;
  if (isText) return scale?.write(reach);
  return value instanceof Date ? dateNear(reach) : reach;
}

const farthest = 8.64e15; // ECMAScript has no dates beyond
const dateNear = (time: number): Date => new Date(Math.min(Math.max(time, -farthest), farthest));

async function walkRange<T extends { _id: Types.ObjectId }, R>(
  question: Walk<T>,
  range: object,
  wanted: number,
  rows: Rows<T, R>,
): Promise<Part<R>> {
  const { model, sort, residual } = question;
  const options = indexOptions(question);
  // The keyset range is built from field names that only our own code chooses.
  const filter = joined(question.filter, range) as QueryFilter<T>;
  const order = { [sort.field]: sort.direction, _id: sort.direction } as const;
  if (residual === undefined) {
    const items = await rows.find(model, filter, { ...options, sort: order, limit: wanted });
    return { items, stoppedAt: undefined };
  }
  const stages = [
    { $match: castFilter(model, filter) },
    { $sort: order },
    { $limit: scanBudget },
    { $match: castFilter(model, residual) },
    { $limit: wanted },
  ];
  const items = await rows.aggregate(model, stages, options);
  if (items.length >= wanted) return { items, stoppedAt: undefined };
  // Fewer than wanted: either the end, or the budget ran out at this document.
  const at = { ...options, sort: order, skip: scanBudget - 1, limit: 1 };
  const [last] = await rows.find(model, filter, at);
  return { items, stoppedAt: last === undefined ? undefined : rows.placeOf(last, sort) };
}

/**
 * One stretch of an index by values that hardly repeat is what every planner finds by itself. Anything else can tempt
 * it, so the index is named then; but not always, because the embedded engine reads a whole column instead of the part
 * behind the cursor once an index is named.
 */
function indexOptions<T>({ index, filter, residual, sort }: Walk<T>): { hint?: Record<string, 1> } {
  const isOneStretch =
    residual === undefined && sort.distinct === true && !Object.values(filter).some(isChoice);
  return index === undefined || isOneStretch ? {} : { hint: index };
}

const isChoice = (condition: unknown): boolean =>
  typeof condition === 'object' && condition !== null && '$in' in condition;

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
export async function walkCandidates<T extends { _id: Types.ObjectId }, R>(
  question: Walk<T>,
  candidates: QueryFilter<T>,
  rows: Rows<T, R>,
): Promise<Page<R>> {
  const { model, filter, residual, sort, page } = question;
  const digest = digestOf(question.binding);
  const start = page.cursor === undefined ? undefined : readCursor(question, page.cursor, digest);
  // Joining filters of one model gives a filter of that model.
  const whole = { $and: [candidates, filter, residual ?? {}] } as unknown as QueryFilter<T>;
  const all = await rows.find(model, whole, { limit: mostCandidates });
  const placed = all.map((item) => ({ item, place: rows.placeOf(item, sort) }));
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

async function countUpTo<T>(question: Walk<T>): Promise<{ total: number; totalIsCapped?: boolean }> {
  const { model, filter, residual } = question;
  const options = indexOptions(question);
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

/** Writes the cursor of a place. */
export function writeCursor({ value, id, first }: Start, digest: string): string {
  const [v, f] = [value, first].map((one) => (one instanceof Date ? { t: one.getTime() } : one));
  return Buffer.from(JSON.stringify({ b: digest, v, f, i: id.toHexString() })).toString('base64url');
}

/** Reads the place out of a cursor. Throws `request.invalid_cursor`. */
export function readCursor<T>({ model, sort }: Walk<T>, cursor: string, digest: string): Start {
  try {
    const { b, v, f, i } = Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (b !== digest)
      throw new Problem('request.invalid_cursor', {
        detail: 'This cursor came from other filters or another sort.',
      });
    const read = (one: z.output<typeof SortValue>): string | number | Date | null => {
      const value = typeof one === 'object' && one !== null ? new Date(one.t) : one;
      if (!fits(model, sort, value)) throw new TypeError('no value of the sort field');
      return value;
    };
    return { value: read(v), id: objectId(i), ...(f !== undefined && { first: read(f) }) };
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
