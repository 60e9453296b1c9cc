import { z } from 'zod';

const lineBreaksAndControls = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const controlsButBreaks = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Words for a value that is not `wanted`, unless what is wrong is that it is missing or was given several times. */
const saying =
  (wanted: string) =>
  ({ input }: { input?: unknown }): string => {
    if (input === undefined) return 'is required';
    return Array.isArray(input) ? 'must be given once' : `must be ${wanted}`;
  };

/** One of these words, in exactly this spelling. */
export const wordOf = <const W extends readonly [string, ...string[]]>(words: W) =>
  z.enum(words, { error: saying(`one of ${words.map((word) => `\`${word}\``).join(', ')}`) });

/** A public id: 24 hexadecimal characters. */
export const Id = z
  .string()
  .regex(/^[0-9a-f]{24}$/, 'must be an id: 24 hexadecimal characters in lower case')
  .meta({ description: 'A public id', examples: ['66a1f0c2e4b0a1b2c3d4e5f6'] });

/** A time in answers: RFC 3339, UTC, milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 }).meta({
  description: 'A time, RFC 3339 in UTC with milliseconds',
  examples: ['2026-12-31T23:59:59.000Z'],
});

/** A time in queries: RFC 3339 with any offset; given on as a Date. */
export const Instant = z.iso
  .datetime({
    offset: true,
    error: saying('a time such as 2026-12-31T12:00:00Z'),
  })
  .meta({
    description: 'A time, RFC 3339',
    examples: ['2026-12-31T12:00:00Z'],
  });

/** One line of text of 1 to `most` characters, trimmed. */
export const lineOf = (most: number) =>
  z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(most, `must have at most ${String(most)} characters`)
    .refine((text) => !lineBreaksAndControls.test(text), 'must be one line without control characters');

/** Text of up to `most` characters, line breaks included. */
export const textOf = (most: number) =>
  z
    .string()
    .max(most, `must have at most ${String(most)} characters`)
    .refine((text) => !controlsButBreaks.test(text), 'must not contain control characters');

/** The version of a resource: +1 per change. */
export const Version = z
  .int()
  .min(1)
  .meta({ description: 'Rises by one with every change', examples: [3] });

/** `true` or `false` in a query. */
export const Flag = wordOf(['true', 'false']).transform((text) => text === 'true');

/** A query parameter that may be repeated: always an array inside, at most `most` different values. */
export const repeatable = <T extends z.ZodType>(item: T, most = 20) =>
  z.preprocess(
    (value) => (value === undefined || Array.isArray(value) ? value : [value]),
    z.array(item).min(1).max(most),
  );

const mostItems = 200;

/** Decimal digits only: `0x10`, `1e1` and ` 10` are typing errors, not numbers. */
const Limit = z.preprocess(
  (value) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value),
  z
    .int({ error: saying(`a whole number from 1 to ${String(mostItems)}`) })
    .min(1, 'must be at least 1')
    .max(mostItems, `must be at most ${String(mostItems)}`),
);

/** The query parameters of every list. */
export const listQuery = {
  limit: Limit.default(50).meta({ description: 'Items per page at most' }),
  cursor: z.string().min(1).max(2000).optional().meta({ description: 'The `nextCursor` of the page before' }),
  count: Flag.optional().meta({
    description: 'Adds `total`, counted up to 1000',
  }),
};

/** A sort parameter: one of the fields, `-` before it for descending. */
export const sortBy = <const F extends readonly [string, ...string[]]>(
  fields: F,
  initial: F[number] | `-${F[number]}`,
) =>
  wordOf(
    fields.flatMap((field) => [field, `-${field}`]) as [
      F[number] | `-${F[number]}`,
      ...(F[number] | `-${F[number]}`)[],
    ],
  )
    .default(initial as never)
    .meta({
      description: 'Sort field; `-` before it means descending. Nulls come last either way',
    });

/** One page of a list. */
export const pageOf = <T extends z.ZodType>(item: T, id: string) =>
  z
    .strictObject({
      items: z.array(item),
      nextCursor: z.string().nullable().meta({
        description: 'Where the next page starts; null at the end, and only there',
      }),
      total: z.int().min(0).optional().meta({
        description: 'With `count=true`: how many there are, up to 1000',
      }),
      totalIsCapped: z.boolean().optional().meta({ description: 'True when there may be more than `total`' }),
    })
    .meta({ id, description: 'One page of a list' });

/** One page of a list, as queries give it. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
  total?: number;
  totalIsCapped?: boolean;
}
