import type { Fault } from '../errors/index.ts';

const entityTags = /^\s*(?:W\/)?"[^"]*"\s*(?:,\s*(?:W\/)?"[^"]*"\s*)*$/;

/**
 * Reads `If-Match` (RFC 9110, 13.1.1): undefined when absent or `*`, else the versions it accepts.
 * Weak tags never match. Adds a fault when the header is malformed.
 */
export function readIfMatch(header: string | undefined, faults: Fault[]): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  if (!entityTags.test(header)) {
    faults.push({ pointer: '/header/if-match', detail: 'must be a quoted version such as "3"' });
    return undefined;
  }
  return header
    .split(',')
    .map((tag) => /^"(\d{1,15})"$/.exec(tag.trim())?.[1])
    .map((digits) => (digits === undefined ? -1 : Number(digits)));
}
