const SAMPLE_PHRASES = [
  'changeme',
  'changethis',
  'replaceme',
  'replacethis',
  'replacewith',
  'supersecret',
  'topsecret',
  'mysecret',
  'yoursecret',
  'secretkey',
  'jwtsecret',
  'yourjwt',
  'refreshsecret',
  'placeholder',
  'password',
  'passphrase',
  'insecure',
  'donotuse',
  'notforproduction',
  'development',
  'keyboardcat',
  'loremipsum',
  'correcthorse',
  'qwertyuiop',
  'abcdefgh',
  '01234567',
  '12345678',
  '87654321',
];

// 32 random hexadecimal characters practically never use fewer.
const MINIMUM_DISTINCT_CHARACTERS = 8;

function isGuessable(secret: string): boolean {
  const letters = secret.toLowerCase().replace(/[^a-z\d]/g, '');
  const isOnePieceRepeated = (secret + secret).indexOf(secret, 1) < secret.length;
  return (
    isOnePieceRepeated ||
    new Set(secret).size < MINIMUM_DISTINCT_CHARACTERS ||
    SAMPLE_PHRASES.some((phrase) => letters.includes(phrase))
  );
}

/** What to do about a secret too short or too guessable for production; nothing when it will do. */
export function secretWeakness(secret: string, minimumBytes: number): string | undefined {
  const advice = `at least ${minimumBytes} random bytes, for example from "openssl rand -base64 48"`;
  const length = Buffer.byteLength(secret);
  if (length < minimumBytes) return `it is only ${length} bytes long, give ${advice}`;
  if (isGuessable(secret)) return `it looks like a sample or is easy to guess, give ${advice}`;
  return undefined;
}
