import type { Logger } from 'pino';
import type { PasswordHasher } from './access/password-hasher.ts';
import type { Tokens } from './access/tokens.ts';
import type { Config } from './config/index.ts';
import type { Caches } from './caches.ts';
import type { Clock } from './ports/clock.ts';

/** What one running instance of the server is made of; handed to handlers, never imported. */
export interface Deps {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly tokens: Tokens;
  readonly caches: Caches;
}

/** What the worker role is made of; it works without tokens, passwords and caches. */
export type WorkerDeps = Pick<Deps, 'config' | 'log' | 'clock'>;
