import { Problem } from '../errors/index.ts';
import type { Page } from '../schemas/common.ts';
import { digestOf, type PageRequest } from './keyset.ts';

/**
 * Pages through a short list that is inside one document; sorted by their public ids so that a page boundary survives
 * additions and removals. Throws `request.invalid_cursor`.
 */
export function pageOfArray<T>(
  all: readonly T[],
  idOf: (item: T) => string,
  page: PageRequest,
  binding: string,
): Page<T> {
  const digest = digestOf(binding);
  const after = page.cursor === undefined ? '' : positionIn(page.cursor, digest);
  const rest = [...all].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)).filter((item) => idOf(item) > after);
  const items = rest.slice(0, page.limit);
  const last = items.at(-1);
  const nextCursor =
    rest.length > items.length && last !== undefined
      ? Buffer.from(`${digest}.${idOf(last)}`).toString('base64url')
      : null;
  return { items, nextCursor, ...(page.count === true && { total: all.length }) };
}

function positionIn(cursor: string, digest: string): string {
  const [, owner, id] = /^([\w-]+)\.([0-9a-f]{24})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (owner !== digest || id === undefined) throw new Problem('request.invalid_cursor');
  return id;
}
