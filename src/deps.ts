import type { Logger } from 'pino';
import type { PasswordHasher } from './access/password-hasher.ts';
import type { AccessTokenClaims, Tokens } from './access/tokens.ts';
import type { Config } from './config/index.ts';
import type { Caches } from './caches.ts';
import type { Attempts } from './ports/attempts.ts';
import type { Clock } from './ports/clock.ts';
import type { ChangeStreams } from './ports/outlet.ts';

/** What one running instance of the server is made of; handed to handlers, never imported. */
export interface Deps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly tokens: Tokens;
  readonly caches: Caches;
  readonly attempts: Attempts;
  readonly streams: ChangeStreams;
  /** A keyed digest (HMAC) of text that could be guessed from a plain one. */
  readonly fingerprint: (text: string) => string;
  /** Whose ticket it is; it works once. */
  readonly redeemTicket: (ticket: string, now: Date) => Promise<AccessTokenClaims | null>;
}

/** What the worker role is made of; it works without tokens, passwords and caches. */
export type WorkerDeps = Pick<Deps, 'config' | 'log' | 'clock'>;
