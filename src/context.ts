import type { Logger } from 'pino';
import type { Actor, ProjectRole } from './access/index.ts';
import type { Work } from './db/unit-of-work.ts';
import type { Deps } from './deps.ts';

/** What the client said about itself. */
export interface Client {
  /** The address the request came from, behind trusted proxies only. */
  readonly address: string;
  /** The user agent, shortened; for the list of sessions. */
  readonly device: string;
}

/** What every handler knows about the request; nothing of Express. */
export interface BaseCtx {
  readonly requestId: string;
  readonly operationId: string;
  readonly log: Logger;
  readonly client: Client;
  readonly deps: Deps;
  /** The versions `If-Match` accepts; undefined when the header was not sent. */
  readonly ifMatch: readonly number[] | undefined;
  /** The fields to change, when the client prefers merging to being refused (`Prefer: merge`). */
  readonly merges: readonly string[] | undefined;
  /** The projects the answer may show something of, with the caller's role; `authorize` takes note. */
  readonly shown: Map<string, ProjectRole>;
  now(): Date;
}

/** The context of a request by a logged-in user. */
export interface Ctx extends BaseCtx {
  readonly actor: Actor;
}

/** The context of a request that needs no login. */
export interface OpenCtx extends BaseCtx {
  readonly actor: null;
}

/** The context of a write: what is collected in `work` commits together with its events. */
export type Writing<C extends BaseCtx> = C & { readonly work: Work };
