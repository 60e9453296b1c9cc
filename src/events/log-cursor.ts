import { digestOf } from '../db/keyset.ts';
import { Problem } from '../errors/index.ts';

const form = /^([\w-]{16})\.([0-9a-z]{1,10})$/;
const radix = 36;

/** Writes places in the log as text that only the same question of the same user understands. */
export interface LogCursors {
  write(seq: number): string;
  /** The number after which to go on. Throws `request.invalid_cursor`. */
  read(cursor: string): number;
}

/** The cursors of one question: `binding` is a text that differs whenever asker or filters differ. */
export function logCursors(binding: string): LogCursors {
  const digest = digestOf(binding);
  return {
    write: (seq) => `${digest}.${seq.toString(radix)}`,
    read: (cursor) => {
      const [, owner, place = ''] = form.exec(cursor) ?? [];
      if (owner === undefined)
        throw new Problem('request.invalid_cursor', { detail: 'This is not a cursor of this API.' });
      if (owner !== digest)
        throw new Problem('request.invalid_cursor', {
          detail: 'This cursor came from another user or from other filters.',
        });
      const seq = Number.parseInt(place, radix);
      // Each number has one spelling.
      if (!Number.isSafeInteger(seq) || seq.toString(radix) !== place)
        throw new Problem('request.invalid_cursor', { detail: 'This is not a cursor of this API.' });
      return seq;
    },
  };
}
