import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Actor } from '../access/index.ts';
import { rehearse, unitOfWork, type WorkOrigin } from '../db/unit-of-work.ts';
import type { Deps } from '../deps.ts';
import { Problem, type Fault } from '../errors/index.ts';
import { readIfMatch } from './conditional.ts';
import type { BaseCtx } from '../context.ts';
import type { Outlet } from '../ports/outlet.ts';
import type { Endpoint, EndpointSpec, Method } from './endpoint.ts';
import { sendEventStream } from './event-stream.ts';
import { bodyReader, type BodyReader } from './json-body.ts';
import { claimOf, keep, keepRefusal, once, type Claim } from './idempotency.ts';
import { faultsOf, toProblem } from './problem-response.ts';
import { commonProblems } from './common-problems.ts';
import { fittedBody } from './response-check.ts';
import { render, renderProblem, sendRendered, type Rendered } from './rendered.ts';
import type { RequestFacts } from './request-facts.ts';
import { noWishes, readWishes, type Wishes } from './wishes.ts';

/** What the mount asks of the middlewares. */
export interface Gates {
  /** Who sent the request, by their token or, where `takesTicket`, by a ticket; throws a 401 problem. */
  authenticate(req: Request, takesTicket: boolean): Promise<Actor>;
  /** Counts the request and sets the RateLimit headers; throws `rate.limited`. */
  limit(
    req: Request,
    res: Response,
    facts: RequestFacts,
    by: 'auth' | 'user' | 'address',
    userId?: string,
  ): Promise<void>;
}

interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** Builds the API's one router from the endpoint list. Nothing else may add a route to it. */
export function mount(endpoints: readonly Endpoint[], deps: Deps, gates: Gates): Router {
  const router = Router({ caseSensitive: true, strict: true });
  const readers = {
    usual: bodyReader(deps.config.bodyLimitKb),
    tasks: bodyReader(deps.config.taskBodyLimitKb),
  };
  for (const path of new Set(endpoints.map((one) => one.path))) {
    const group = endpoints.filter((one) => one.path === path);
    const route = router.route(path);
    for (const one of group) {
      const reader = readers[one.spec.bodyLimit ?? 'usual'];
      route[one.method](handlerOf(one, deps, gates, reader));
    }
    route.all(methodNotAllowed(group.map((one) => one.method)));
  }
  return router;
}

const nothing = z.strictObject({});

function handlerOf(one: Endpoint, deps: Deps, gates: Gates, read: BodyReader): RequestHandler {
  const { spec, method } = one;
  const declared = new Set<string>([...spec.problems, ...commonProblems(one)]);
  const refusalOf = (error: unknown): Problem => {
    const problem = toProblem(error);
    if (declared.has(problem.code) || !isStrict(deps)) return problem;
    return new Problem('server.internal', {
      cause: new Error(`${spec.id} answered the undeclared problem ${problem.code}`, { cause: error }),
    });
  };
  return async (req, res) => {
    // The hot path has put the facts there for every request.
    const facts = res.locals['facts'] as RequestFacts;
    facts.route = `/api${one.path}`;
    try {
      const actor = await admit(spec, req, res, facts, gates);
      if (actor !== null) facts.userId = actor.userId;
      const body = method === 'get' ? undefined : await read(req, res);
      const wishes = method === 'get' ? noWishes : readWishes(one, req);
      if (wishes.preferences.length > 0) res.setHeader('Preference-Applied', wishes.preferences.join(', '));
      const ctx = contextOf(req, facts, deps);
      if (spec.streams === true) {
        const { input } = parseInput(one, req, wishes, body);
        const lastEventId = req.headers['last-event-id'];
        sendEventStream(res, facts, await openingOf(one, { ...input, lastEventId }, { ...ctx, actor }));
        return;
      }
      const act = (claim?: Claim): Promise<Rendered> => {
        const { input, ...conditions } = parseInput(one, req, wishes, body);
        return answer(one, input, { ...ctx, ...conditions, actor }, wishes, claim);
      };
      if (wishes.key === undefined || actor === null) {
        sendRendered(res, await act());
        return;
      }
      const request = { method, address: req.originalUrl, body };
      const claim = claimOf(actor, wishes.key, request, deps.fingerprint);
      const refused = async (error: unknown): Promise<never> => {
        const problem = refusalOf(error);
        const refusal = renderProblem(problem, facts.requestId);
        if (isKept(refusal.status)) await keepRefusal(originOf(ctx, actor), claim, refusal, ctx.shown);
        throw problem;
      };
      sendRendered(res, await once(claim, deps, { act: () => act(claim), refused }));
    } catch (error) {
      throw refusalOf(error);
    }
  };
}

const isStrict = (deps: Deps): boolean => deps.config.env === 'test' || deps.config.env === 'development';

async function admit(
  spec: EndpointSpec,
  req: Request,
  res: Response,
  facts: RequestFacts,
  gates: Gates,
): Promise<Actor | null> {
  if (spec.access === 'public') {
    await gates.limit(req, res, facts, spec.rateClass ?? 'address');
    return null;
  }
  let actor: Actor;
  try {
    actor = await gates.authenticate(req, spec.streams === true);
  } catch (error) {
    // Guessing tokens is counted against the address: there is no user to count against.
    await gates.limit(req, res, facts, 'address');
    throw error;
  }
  await gates.limit(req, res, facts, 'user', actor.userId);
  return actor;
}

function contextOf(req: Request, facts: RequestFacts, deps: Deps): BaseCtx {
  // One request happens at one time: what it writes and announces agrees to the millisecond.
  const at = deps.clock.now();
  return {
    requestId: facts.requestId,
    operationId: randomUUID(),
    log: deps.log,
    client: { address: facts.address, device: (req.headers['user-agent'] ?? 'unknown').slice(0, 200) },
    deps,
    ifMatch: undefined,
    merges: undefined,
    shown: new Map(),
    now: () => at,
  };
}

const originOf = (ctx: BaseCtx, actor: Actor | null): WorkOrigin => ({
  actorId: actor?.userId ?? null,
  requestId: ctx.requestId,
  operationId: ctx.operationId,
  now: ctx.now,
});

/** What will write the stream, once the handler has judged the request. */
function openingOf(one: Endpoint, input: unknown, ctx: unknown): Promise<(outlet: Outlet) => void> {
  // `streamEndpoint` bound the handler's types to its schemas.
  const handle = one.handle as unknown as (input: unknown, ctx: unknown) => Promise<(outlet: Outlet) => void>;
  return handle(input, ctx);
}

/**
 * Runs the handler; a write runs inside one unit of work, which commits after the answer has passed its schema,
 * together with the answer itself when it is to be kept.
 */
async function answer(
  one: Endpoint,
  input: unknown,
  ctx: BaseCtx & { actor: Actor | null },
  { rehearse: isRehearsal }: Wishes,
  claim?: Claim,
): Promise<Rendered> {
  const { deps } = ctx;
  // `endpoint` bound the handler's types to the schemas that produced this input.
  const handle = one.handle as unknown as (input: unknown, ctx: unknown) => Promise<Reply>;
  const run = async (context: unknown): Promise<Rendered> => {
    const reply = await handle(input, context);
    return render({ ...reply, body: fittedBody(one.spec, reply, isStrict(deps), deps.log) });
  };
  if (one.method === 'get') return run(ctx);
  const origin = originOf(ctx, ctx.actor);
  if (isRehearsal) {
    const { headers, ...rehearsed } = await rehearse(origin, (work) => run({ ...ctx, work }));
    // What was not made is nowhere.
    return { ...rehearsed, headers: without(headers, 'Location') };
  }
  return unitOfWork(origin, async (work) => {
    // A run that lost against a rival may have shown what was never made.
    ctx.shown.clear();
    const rendered = await run({ ...ctx, work });
    if (claim !== undefined) keep(work, claim, rendered, { shown: ctx.shown, now: ctx.now() });
    return rendered;
  });
}

const without = (headers: Rendered['headers'], name: string): Rendered['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));

/** Which refusals are kept under an idempotency key: those that the same request would meet again. */
const isKept = (status: number): boolean => status < 500 && status !== 401 && status !== 429;

interface ParsedRequest {
  input: { params: unknown; query: unknown; body: unknown };
  ifMatch: readonly number[] | undefined;
  merges: readonly string[] | undefined;
}

/** Collects every fault of query, headers and body; only then a malformed id in the path counts as not found. */
function parseInput(one: Endpoint, req: Request, wishes: Wishes, rawBody: unknown): ParsedRequest {
  const { spec, method } = one;
  const faults: Fault[] = [...wishes.faults];
  const ifMatch = readIfMatch(req.headers['if-match'], faults);
  const given = { ...req.query };
  if (method !== 'get') delete given['dryRun'];
  const query = parse(spec.query ?? nothing, given, '/query', faults);
  const body = parseBody(spec, rawBody, faults);
  if (faults.length > 0) {
    throw new Problem('request.invalid', {
      detail: 'The request is not well formed; `errors` lists every fault.',
      errors: faults,
      ...(method === 'put' && {
        hint: 'PUT replaces every writable field; use PATCH to change some of them.',
      }),
    });
  }
  const params = (spec.params ?? nothing).safeParse({ ...req.params });
  if (!params.success) throw missing(one);
  return {
    input: { params: params.data, query, body },
    ifMatch: method === 'put' ? withBodyVersion(ifMatch, body) : ifMatch,
    merges: wishes.merge && isObject(body) ? Object.keys(body) : undefined,
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** The `version` that a PUT sends along acts like `If-Match`; when both are there, both must fit. */
function withBodyVersion(
  ifMatch: readonly number[] | undefined,
  body: unknown,
): readonly number[] | undefined {
  if (!isObject(body) || typeof body['version'] !== 'number') return ifMatch;
  return ifMatch === undefined || ifMatch.includes(body['version']) ? [body['version']] : [];
}

function parse(schema: z.ZodType, value: unknown, root: string, faults: Fault[]): unknown {
  const outcome = schema.safeParse(value);
  if (!outcome.success) faults.push(...faultsOf(outcome.error, root));
  return outcome.data;
}

function parseBody(spec: EndpointSpec, rawBody: unknown, faults: Fault[]): unknown {
  if (spec.body !== undefined) return parse(spec.body, rawBody, '/body', faults);
  // Many clients send `{}` where there is nothing to say.
  const saysNothing = rawBody === undefined || (isObject(rawBody) && isDeepStrictEqual(rawBody, {}));
  if (!saysNothing) faults.push({ pointer: '/body', detail: 'this endpoint takes no body' });
  return undefined;
}

/** The 404 for a malformed id: the same answer as for an id that does not exist. */
function missing(one: Endpoint): Problem {
  const code = one.spec.problems.find((name) => name.endsWith('.not_found') || name.endsWith('_not_found'));
  return new Problem(code ?? 'route.not_found');
}

function methodNotAllowed(methods: readonly Method[]): RequestHandler {
  const allow = methods
    .flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]))
    .join(', ');
  return () => {
    throw new Problem('route.method_not_allowed', {
      detail: `Use one of ${allow}.`,
      headers: { Allow: allow },
    });
  };
}
