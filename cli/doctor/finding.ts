/** How a thing is. */
export type Verdict = 'ok' | 'warning' | 'fault';

/** One line of the doctor's report. */
export interface Finding {
  /** What was looked at. */
  check: string;
  verdict: Verdict;
  /** What was seen. */
  seen: string;
  /** What to do about it; absent when all is well. */
  advice?: string;
}

/** All is well. */
export const ok = (check: string, seen: string): Finding => ({ check, verdict: 'ok', seen });

/** It works, and will not for ever. */
export const warning = (check: string, seen: string, advice: string): Finding => ({
  check,
  verdict: 'warning',
  seen,
  advice,
});

/** It does not work, or what it does is wrong. */
export const fault = (check: string, seen: string, advice: string): Finding => ({
  check,
  verdict: 'fault',
  seen,
  advice,
});

/** A number and its noun. */
export const several = (count: number, noun: string, plural = `${noun}s`): string =>
  `${String(count)} ${count === 1 ? noun : plural}`;

/** The first few of many names. */
export const some = (names: readonly string[]): string =>
  names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${String(names.length - 3)} more`;
