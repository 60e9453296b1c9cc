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
}
