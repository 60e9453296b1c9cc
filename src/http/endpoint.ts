import type { z } from 'zod';
import type { Permission } from '../access/index.ts';
import type { ProblemCode } from '../errors/index.ts';
import type { Ctx, OpenCtx, Writing } from '../context.ts';
import type { Outlet } from '../ports/outlet.ts';
import type { JsonText } from '../schemas/json-text.ts';

/** The methods an endpoint can have, in lower case as Express names them. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Who may call: anyone, any logged-in user, or a holder of the permission (checked on the loaded thing). */
export type Access = 'public' | 'signed-in' | Permission;

type Answers = Record<number, z.ZodType | null>;

/** An answer that fits the declared statuses and schemas; `headers` come on top of the usual ones. */
export type ReplyOf<A extends Answers> = {
  [S in keyof A & number]: {
    status: S;
    body: A[S] extends z.ZodType ? z.input<A[S]> | JsonText<z.input<A[S]>> : null;
    headers?: Record<string, string>;
  };
}[keyof A & number];

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** The declaration of one endpoint: everything HTTP, OpenAPI and the guards need to know. */
export interface EndpointSpec<A extends Answers = Answers> {
  /** The operation id, verb and noun. */
  id: string;
  summary: string;
  description?: string;
  tags: readonly [string];
  access: Access;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  responses: A;
  problems: readonly ProblemCode[];
  /** True where `If-Match` is compared with a version; other writes refuse nothing but ignore nothing either. */
  ifMatch?: boolean;
  /** Counted against the strict limit per address instead of the user's. */
  rateClass?: 'auth';
  /** Its answers hold secrets, which are never kept: refuses `Idempotency-Key` and `dryRun`. */
  answersSecrets?: true;
  /** A GET that is answered by Server-Sent Events for as long as both sides like; a ticket may open it. */
  streams?: true;
  /** The largest body in KiB; 100 unless declared. */
  bodyLimit?: 'tasks';
}

/** The handler's input: fresh objects that passed the schemas. */
export interface Input<S extends EndpointSpec> {
  params: Parsed<S['params']>;
  query: Parsed<S['query']>;
  body: Parsed<S['body']>;
}

type CtxFor<M extends Method, S extends EndpointSpec> = M extends 'get' ? BaseFor<S> : Writing<BaseFor<S>>;
type BaseFor<S extends EndpointSpec> = S['access'] extends 'public' ? OpenCtx : Ctx;

/** One endpoint of the list. */
export interface Endpoint {
  readonly method: Method;
  /** The path below /api, with `:name` parameters. */
  readonly path: string;
  readonly spec: EndpointSpec;
  readonly handle: (input: Input<EndpointSpec>, ctx: never) => Promise<ReplyOf<Answers>>;
}

/** Declares an endpoint. A wrong answer shape, an unknown permission or an unknown problem code does not compile. */
export function endpoint<M extends Method, const S extends EndpointSpec>(
  method: M,
  path: string,
  spec: S,
  handle: (input: Input<S>, ctx: CtxFor<M, S>) => Promise<ReplyOf<S['responses']>>,
): Endpoint {
  // Mount gives each handler what its own schemas produced, so the narrower input type holds.
  return {
    method,
    path,
    spec,
    handle: handle as unknown as Endpoint['handle'],
  };
}

/**
 * Declares an endpoint whose answer stays open: the handler judges the request, throws its problems, and gives what
 * will write the stream.
 */
export function streamEndpoint<const S extends EndpointSpec & { streams: true }>(
  path: string,
  spec: S,
  handle: (
    input: Input<S> & { lastEventId: string | undefined },
    ctx: CtxFor<'get', S>,
  ) => Promise<(outlet: Outlet) => void>,
): Endpoint {
  // Mount treats endpoints that stream apart.
  return { method: 'get', path, spec, handle: handle as unknown as Endpoint['handle'] };
}

/** 200 with a body. */
export const ok = <B>(body: B) => ({ status: 200 as const, body });

/** 201 with a body and where to find it. */
export const created = <B>(body: B, location: string) => ({
  status: 201 as const,
  body,
  headers: { Location: location },
});

/** 204. */
export const noContent = () => ({ status: 204 as const, body: null });
