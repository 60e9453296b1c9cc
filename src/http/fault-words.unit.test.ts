import { expect, it } from 'vitest';
import { z } from 'zod';
import { faultWords } from './fault-words.ts';

const words = (schema: z.ZodType, value: unknown, root = '/body'): string[] =>
  schema.safeParse(value).error?.issues.map((issue) => faultWords(issue, root)) ?? [];

it.each([
  [z.string(), undefined, 'is required'],
  [z.string(), 7, 'must be text, not a number'],
  [z.string(), null, 'must be text, not null'],
  [z.string(), {}, 'must be text, not an object'],
  [z.boolean(), 'yes', 'must be true or false, not text'],
  [z.int(), 1.5, 'must be a whole number'],
  [z.int(), '1', 'must be a number, not text'],
  [z.array(z.string()), 'a', 'must be a list, not text'],
  [z.array(z.string()).min(1), [], 'must have at least 1 entries'],
  [z.string().max(2), 'abc', 'must have at most 2 characters'],
  [z.number().min(3), 2, 'must be at least 3'],
  [z.literal('me'), 'you', 'must be `me`'],
  [z.enum(['a', 'b']), 'c', 'must be one of `a`, `b`'],
  [z.union([z.string(), z.number()]), true, 'is not in a form that is understood here'],
  [z.string().min(1, 'must not be empty'), '', 'must not be empty'],
])('%#: a fault is one plain sentence', (schema, value, expected) => {
  expect(words(schema, value)).toEqual([expected]);
});

it('a query parameter that came twice must be given once', () => {
  expect(words(z.string(), ['a', 'b'], '/query')).toEqual(['must be given once']);
});
