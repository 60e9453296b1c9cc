import type { QueryFilter, Types } from 'mongoose';
import type { Page } from '../schemas/common.ts';
import { capped, comparePlaces, digestOf, readCursor, walkRows, writeCursor, type Walk } from './keyset.ts';
import type { Place, Rows } from './keyset-rows.ts';

/**
 * One page over several parts that have no document in common, each walked in its own right and merged here.
 * For lists of values too long for one command: a server merges the index ranges of at most 200 of them
 * (`internalQueryMaxScansToExplode`) and sorts everything in memory when there are more.
 * Throws `request.invalid_cursor`.
 */
export async function walkParts<T extends { _id: Types.ObjectId }, R>(
  question: Walk<T>,
  parts: readonly QueryFilter<T>[],
  rows: Rows<T, R>,
): Promise<Page<R>> {
  const { page, sort, filter } = question;
  const [only, ...others] = parts;
  const askedFor = (part: QueryFilter<T>) => walkRows({ ...question, filter: { ...part, ...filter } }, rows);
  if (only === undefined && page.cursor !== undefined)
    readCursor(question, page.cursor, digestOf(question.binding));
  if (only === undefined) return { items: [], nextCursor: null, ...(page.count === true && capped(0)) };
  if (others.length === 0) return askedFor(only);
  const pages = await Promise.all(parts.map(askedFor));
  const digest = digestOf(question.binding);
  // Beyond the first place where a part stopped, its next items are not known yet.
  const stops = pages
    .flatMap(({ nextCursor }) => (nextCursor === null ? [] : [readCursor(question, nextCursor, digest)]))
    .sort((a, b) => comparePlaces(a, b, sort));
  const known = pages
    .flatMap(({ items }) => items.map((item) => ({ item, place: rows.placeOf(item, sort) })))
    .filter(({ place }) => stops[0] === undefined || comparePlaces(place, stops[0], sort) <= 0)
    .sort((a, b) => comparePlaces(a.place, b.place, sort));
  const items = known.slice(0, page.limit);
  const next: Place | undefined = known.length > page.limit ? items.at(-1)?.place : stops[0];
  return {
    items: items.map(({ item }) => item),
    nextCursor: next === undefined ? null : writeCursor(next, digest),
    ...(page.count === true && capped(pages.reduce((sum, { total = 0 }) => sum + total, 0))),
    ...(pages.some(({ totalIsCapped }) => totalIsCapped === true) && { totalIsCapped: true }),
  };
}

/** Cuts a list into pieces of at most `most`. */
export const piecesOf = <V>(list: readonly V[], most: number): V[][] =>
  Array.from({ length: Math.ceil(list.length / most) }, (_, index) =>
    list.slice(index * most, (index + 1) * most),
  );
