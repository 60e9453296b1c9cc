import type { ChangeEntry } from './change.presenter.ts';
import { Change } from './change.schema.ts';

/** Name and data of an entry's frame, to which the id is put; checked against its schema when `strict`. */
export function frameOf(entry: ChangeEntry, strict: boolean): string {
  if (strict) Change.parse(entry);
  return `event: change\ndata: ${JSON.stringify(entry)}\n\n`;
}

/** A sign of life; the id moves on, so that a client that comes back need not be told what it could not see. */
export const heartbeat = (cursor: string): string => `: alive\nid: ${cursor}\n\n`;

/** How many milliseconds a client should wait before it comes back. */
export const retryHint = (ms: number): string => `retry: ${String(Math.round(ms))}\n\n`;

/** Tells why the stream ends although the client should have what it tells. */
export const resync = (reason: 'slow'): string => `event: resync\ndata: ${JSON.stringify({ reason })}\n\n`;
