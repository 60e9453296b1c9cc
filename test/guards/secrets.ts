/** What the text was captured from: an answer to a client, or a line of the log, which operators read. */
export type CapturedFrom = 'answer' | 'log';

const secretFields = ['passwordHash', 'hash', 'refreshTokenHash', 'tokenHash', 'pepper', '_id', '__v'];

const everywhere: [name: string, pattern: RegExp][] = [
  ...secretFields.map((field): [string, RegExp] => [
    `the field ${field}`,
    // As a JSON name, also inside a string that holds JSON.
    new RegExp(String.raw`\\*"${field}\\*"\s*:`),
  ]),
  ['a hash of a password', /\$2[aby]?\$\d\d\$[./A-Za-z0-9]{22}/],
];

const onlyIn: Record<CapturedFrom, [name: string, pattern: RegExp][]> = {
  answer: [
    ['a stack trace', /(?:^|\n|\\n) {4}at \S/],
    ['a word of the database', /mongo|\bE11000\b|\bBSON|ObjectId\b/i],
    ['a file of the server', /node_modules|file:\/\/|\.ts:\d+/],
  ],
  log: [
    ['a token', /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/],
    ['a password', /\\*"(?:password|currentPassword|newPassword|refreshToken|authorization)\\*"\s*:/i],
  ],
};

/** The secrets in a captured text or JSON value, each in words. */
export function secretsIn(captured: unknown, from: CapturedFrom = 'answer'): string[] {
  const text = typeof captured === 'string' ? captured : (JSON.stringify(captured) ?? '');
  return [...everywhere, ...onlyIn[from]].filter(([, pattern]) => pattern.test(text)).map(([name]) => name);
}

/** Throws when an answer (its body, its headers or both) or a log line holds what must never leave the server. */
export function assertNothingSecret(captured: unknown, from: CapturedFrom = 'answer'): void {
  const found = secretsIn(captured, from);
  if (found.length === 0) return;
  const text = typeof captured === 'string' ? captured : JSON.stringify(captured);
  throw new Error(`The ${from} holds ${found.join(', ')}: ${text.slice(0, 2_000)}`);
}
