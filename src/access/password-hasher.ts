import { createHmac } from 'node:crypto';
import { availableParallelism } from 'node:os';
import bcrypt from 'bcrypt';
import type { Config } from '../config/index.ts';
import { hashingGate } from './hashing-gate.ts';

/** A password's stored form: the bcrypt hash and which pepper went into it (null: none). */
export interface PasswordHash {
  hash: string;
  pepperId: string | null;
}

/** Hashes and checks passwords behind a bounded gate. */
export interface PasswordHasher {
  /** Throws `server.busy` when too many wait. */
  hash(password: string): Promise<PasswordHash>;
  /** Checks against the stored hash; without one, spends the same time and says no. Throws `server.busy`. */
  matches(password: string, stored: PasswordHash | null): Promise<boolean>;
  /** Whether a new hash would be made the same way; otherwise the next login should replace this one. */
  isCurrent(stored: PasswordHash): boolean;
}

type HasherSettings = Pick<
  Config,
  'bcryptCost' | 'hashQueueLimit' | 'passwordPepper' | 'passwordPepperId' | 'passwordPeppersPrevious'
>;

/** More hashes at once would take libuv's four threads away from files, names and token checks. */
const mostAtOnce = 3;
/** The characters after the salt in bcrypt's text form. */
const digestLength = 31;

/** Native bcrypt over a keyed pre-hash, because bcrypt alone reads no more than 72 bytes. */
export function bcryptHasher(config: HasherSettings): PasswordHasher {
  const gate = hashingGate(Math.min(availableParallelism(), mostAtOnce), config.hashQueueLimit);
  const currentId = config.passwordPepperId ?? null;
  const peppers = new Map<string | null, string>([[null, '']]);
  for (const { id, secret } of config.passwordPeppersPrevious) peppers.set(id, secret);
  if (config.passwordPepper !== undefined) peppers.set(currentId, config.passwordPepper);

  const prehash = (password: string, pepper: string): string =>
    createHmac('sha384', pepper).update(password.normalize('NFC')).digest('base64');
  const makeHash = (password: string): Promise<string> =>
    bcrypt.hash(prehash(password, peppers.get(currentId) ?? ''), config.bcryptCost);
  // A salt with a digest that no password gives: comparing with it takes as long as with a real one.
  const nobodysHash = bcrypt.genSaltSync(config.bcryptCost) + '.'.repeat(digestLength);

  return {
    hash: async (password) => ({ hash: await gate(() => makeHash(password)), pepperId: currentId }),
    matches: async (password, stored) =>
      gate(async () => {
        const pepper = stored === null ? undefined : peppers.get(stored.pepperId);
        const isKnown = stored !== null && pepper !== undefined;
        const isSame = await bcrypt.compare(
          prehash(password, pepper ?? ''),
          isKnown ? stored.hash : nobodysHash,
        );
        return isKnown && isSame;
      }),
    isCurrent: ({ hash, pepperId }) => pepperId === currentId && bcrypt.getRounds(hash) === config.bcryptCost,
  };
}
