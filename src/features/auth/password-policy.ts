import { Problem } from '../../errors/index.ts';
import { isCommonPassword } from './common-passwords.ts';

const mostCharacters = 200;
const shortestPart = 4;

interface Person {
  name: string;
  email: string;
}

/**
 * Lets a new password pass that is long enough, not common, and not made of its owner's name or e-mail.
 * Throws `auth.weak_password` with one entry of `errors` for each reason.
 */
export function requireStrongPassword(
  password: string,
  person: Person,
  { fewestCharacters, pointer }: { fewestCharacters: number; pointer: string },
): void {
  const text = password.normalize('NFC');
  const length = [...text].length;
  const faults: string[] = [];
  if (length < fewestCharacters) faults.push(`must have at least ${String(fewestCharacters)} characters`);
  if (length > mostCharacters) faults.push(`must have at most ${String(mostCharacters)} characters`);
  if (isCommonPassword(text)) faults.push('is one of the most common passwords');
  if (containsPartOf(text, person)) {
    faults.push(
      `must not contain a part of the name or e-mail of ${String(shortestPart)} or more characters`,
    );
  }
  if (faults.length > 0) {
    throw new Problem('auth.weak_password', { errors: faults.map((detail) => ({ pointer, detail })) });
  }
}

function containsPartOf(password: string, { name, email }: Person): boolean {
  const text = password.toLowerCase();
  const parts = `${name} ${email}`
    .normalize('NFC')
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u);
  return parts.some((part) => [...part].length >= shortestPart && text.includes(part));
}
