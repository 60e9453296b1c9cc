/** The q-quantile of ascending numbers (nearest rank), or 0 of none. */
export const quantile = (ascending: readonly number[], q: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * q))] ?? 0;

/** The median; the mean of the middle two for an even count. */
export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? 0)) / 2 : upper;
};

/** A ratio of medians with the smallest and largest ratio seen in one round. */
export interface Ratio {
  value: number;
  least: number;
  most: number;
}

/** Compares two series measured in the same rounds: ratio of medians, and its spread over the rounds. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): Ratio => {
  const perRound = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return {
    value: median(ours) / median(theirs),
    least: Math.min(...perRound),
    most: Math.max(...perRound),
  };
};

/** The same values in random order. */
export const shuffled = <T>(values: readonly T[]): T[] =>
  values
    .map((value) => ({ value, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
