/** Counts what could be guessing; every method but `loggedIn` throws `rate.limited` with the time to wait. */
export interface Attempts {
  /** A login is about to be tried; `account` is the normalised e-mail address, whether or not anybody has it. */
  login(account: string, address: string, now: Date): Promise<void>;
  /** A login or registration succeeded: from now on the address has a budget of its own for this account. */
  loggedIn(account: string, address: string, now: Date): Promise<void>;
  /** Somebody is about to prove the password of the account that the session belongs to. */
  password(sessionId: string): Promise<void>;
  /** A session is about to be prolonged. */
  refresh(sessionId: string): Promise<void>;
}
