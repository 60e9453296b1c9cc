import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** How people call the kinds that zod names. */
const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

/** What the library says by itself; what our own schemas say begins with a small letter. */
const isFromLibrary = (message: string): boolean => /^[A-Z]/.test(message);

/** One fault in plain words that follow the name of its place: "title is required". */
export function faultWords(issue: Issue, root: string): string {
  if (!isFromLibrary(issue.message)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return typeWords(issue.expected, receivedIn(issue.message), root);
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((one) => `\`${String(one)}\``).join(', ')}`;
    case 'too_small':
      return `must ${amountWords(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${amountWords(issue.origin, 'at most', issue.maximum)}`;
    default:
      return 'is not in a form that is understood here';
  }
}

/** The library tells the kind it met nowhere but in its sentence. */
const receivedIn = (message: string): string => /received (\w+)$/.exec(message)?.[1] ?? 'something else';

function typeWords(expected: string, received: string, root: string): string {
  if (received === 'undefined') return 'is required';
  if (received === 'array' && root === '/query') return 'must be given once';
  const wanted = kinds[expected] ?? 'something else';
  // A fraction is a number and yet not the number that is wanted.
  return expected === 'int' && received === 'number'
    ? `must be ${wanted}`
    : `must be ${wanted}, not ${kinds[received] ?? received}`;
}

function amountWords(origin: string, comparison: string, amount: number | bigint): string {
  const count = String(amount);
  if (origin === 'string') return `have ${comparison} ${count} characters`;
  if (origin === 'array' || origin === 'set') return `have ${comparison} ${count} entries`;
  return `be ${comparison} ${count}`;
}
