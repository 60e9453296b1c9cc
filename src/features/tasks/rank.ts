import { randomBytes } from 'node:crypto';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base = BigInt(digits.length);
const wholeDigits = 8;
/** Room for rivals: two that aim at the same gap at once collide once in 15 million tries. */
const leastRoom = base ** 4n;

/** A rank is a number in base 62, written so that text order is number order: eight whole digits, then a fraction. */
export function rankAtEnd(counter: number): string {
  return toText(BigInt(counter), wholeDigits);
}

/** The one spelling of a rank: a fraction has no zeros at its end, and something is left before the least one. */
export const rankForm = /^(?!0{8}$)[0-9A-Za-z]{8}(?:[0-9A-Za-z]{0,491}[1-9A-Za-z])?$/;

/** Ranks as the numbers they begin with; what is in a gap made by moves counts as its lower end. */
export const rankScale = {
  read: (rank: string): number => Number(toNumber(rank.slice(0, wholeDigits), wholeDigits)),
  write: (whole: number): string =>
    rankAtEnd(Math.min(Math.max(0, whole), Number(base ** BigInt(wholeDigits)) - 1)),
};

/**
 * A rank strictly between two others, chosen at random so that rivals for one gap get different ones.
 * `before` absent: before everything. Grows by about one character for four moves into the same gap.
 * Throws a `RangeError` when `before` is not before `after`.
 */
export function rankBetween(before: string | undefined, after: string): string {
  let width = Math.max(before?.length ?? 0, after.length);
  if (toNumber(before ?? '', width) >= toNumber(after, width))
    throw new RangeError(`there is no rank between ${before ?? 'nothing'} and ${after}`);
  for (;;) {
    const low = toNumber(before ?? '', width);
    const room = toNumber(after, width) - low - 1n;
    if (room >= leastRoom) return trimmed(toText(low + 1n + randomBelow(room), width));
    width += 1;
  }
}

function toNumber(rank: string, width: number): bigint {
  let value = 0n;
  for (const digit of rank.padEnd(width, '0')) value = value * base + BigInt(digits.indexOf(digit));
  return value;
}

function toText(value: bigint, width: number): string {
  let text = '';
  for (let rest = value; text.length < width; rest /= base) text = digits.charAt(Number(rest % base)) + text;
  return text;
}

/** Trailing zeros say nothing, and two spellings of one number would differ in text order. */
const trimmed = (rank: string): string =>
  rank.slice(0, wholeDigits) + rank.slice(wholeDigits).replace(/0+$/, '');

function randomBelow(limit: bigint): bigint {
  const bytes = Math.ceil(limit.toString(16).length / 2) + 8;
  return BigInt(`0x${randomBytes(bytes).toString('hex')}`) % limit;
}
