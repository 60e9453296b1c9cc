import { randomUUID } from 'node:crypto';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Actor } from '../access/index.ts';
import { unitOfWork } from '../db/unit-of-work.ts';
import type { Deps } from '../deps.ts';
import { Problem, type Fault } from '../errors/index.ts';
import { readIfMatch } from './conditional.ts';
import type { BaseCtx } from '../context.ts';
import type { Endpoint, EndpointSpec, Method } from './endpoint.ts';
import { bodyReader, type BodyReader } from './json-body.ts';
import { faultsOf, toProblem } from './problem-response.ts';
import { commonProblems } from './common-problems.ts';
import { fittedBody } from './response-check.ts';
import type { RequestFacts } from './request-facts.ts';

/** What the mount asks of the middlewares. */
export interface Gates {
  /** Who sent the request; throws a 401 problem. */
  authenticate(req: Request): Promise<Actor>;
  /** Counts the request and sets the RateLimit headers; throws `rate.limited`. */
  limit(
    req: Request,
    res: Response,
    facts: RequestFacts,
    by: 'auth' | 'user' | 'address',
    userId?: string,
  ): Promise<void>;
}

interface Answer {
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
  const { spec } = one;
  const declared = new Set<string>([...spec.problems, ...commonProblems(one)]);
  return async (req, res) => {
    // The hot path has put the facts there for every request.
    const facts = res.locals['facts'] as RequestFacts;
    facts.route = `/api${one.path}`;
    try {
      const actor = await admit(spec, req, res, facts, gates);
      if (actor !== null) facts.userId = actor.userId;
      const { input, ifMatch } = parseInput(
        one,
        req,
        one.method === 'get' ? undefined : await read(req, res),
      );
      const ctx = contextOf(req, facts, deps, ifMatch);
      send(res, await answer(one, input, { ...ctx, actor }, deps));
    } catch (error) {
      const problem = toProblem(error);
      if (!declared.has(problem.code) && isStrict(deps)) {
        throw new Problem('server.internal', {
          cause: new Error(`${spec.id} answered the undeclared problem ${problem.code}`, { cause: error }),
        });
      }
      throw problem;
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
    actor = await gates.authenticate(req);
  } catch (error) {
    // Guessing tokens is counted against the address: there is no user to count against.
    await gates.limit(req, res, facts, 'address');
    throw error;
  }
  await gates.limit(req, res, facts, 'user', actor.userId);
  return actor;
}

function contextOf(req: Request, facts: RequestFacts, deps: Deps, ifMatch: number[] | undefined): BaseCtx {
  // One request happens at one time: what it writes and announces agrees to the millisecond.
  const at = deps.clock.now();
  return {
    requestId: facts.requestId,
    operationId: randomUUID(),
    log: deps.log,
    client: { address: facts.address, device: (req.headers['user-agent'] ?? 'unknown').slice(0, 200) },
    deps,
    ifMatch,
    now: () => at,
  };
}

/** Runs the handler; a write runs inside one unit of work, which commits after the answer has passed its schema. */
async function answer(
  one: Endpoint,
  input: unknown,
  ctx: BaseCtx & { actor: Actor | null },
  deps: Deps,
): Promise<Answer> {
  // `endpoint` bound the handler's types to the schemas that produced this input.
  const handle = one.handle as unknown as (input: unknown, ctx: unknown) => Promise<Answer>;
  const run = async (context: unknown): Promise<Answer> => {
    const reply = await handle(input, context);
    return { ...reply, body: fittedBody(one.spec, reply, isStrict(deps), deps.log) };
  };
  if (one.method === 'get') return run(ctx);
  const origin = {
    actorId: ctx.actor?.userId ?? null,
    requestId: ctx.requestId,
    operationId: ctx.operationId,
    now: ctx.now,
  };
  return unitOfWork(origin, (work) => run({ ...ctx, work }));
}

function send(res: Response, { status, body, headers }: Answer): void {
  if (headers !== undefined) for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (body === null) {
    res.writeHead(status).end();
    return;
  }
  if (isVersioned(body)) res.setHeader('ETag', `"${String(body.version)}"`);
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.writeHead(status).end(res.req.method === 'HEAD' ? undefined : text);
}

const isVersioned = (body: unknown): body is { version: number } =>
  typeof body === 'object' && body !== null && 'version' in body && typeof body.version === 'number';

interface ParsedRequest {
  input: { params: unknown; query: unknown; body: unknown };
  ifMatch: number[] | undefined;
}

/** Collects every fault of query, headers and body; only then a malformed id in the path counts as not found. */
function parseInput(one: Endpoint, req: Request, rawBody: unknown): ParsedRequest {
  const { spec, method } = one;
  const faults: Fault[] = [];
  if (method !== 'get') refuseUnsupported(req);
  const ifMatch = readIfMatch(req.headers['if-match'], faults);
  const query = parse(spec.query ?? nothing, { ...req.query }, '/query', faults);
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
  return { input: { params: params.data, query, body }, ifMatch };
}

function parse(schema: z.ZodType, value: unknown, root: string, faults: Fault[]): unknown {
  const outcome = schema.safeParse(value);
  if (!outcome.success) faults.push(...faultsOf(outcome.error, root));
  return outcome.data;
}

function parseBody(spec: EndpointSpec, rawBody: unknown, faults: Fault[]): unknown {
  if (spec.body !== undefined) return parse(spec.body, rawBody, '/body', faults);
  if (rawBody !== undefined) faults.push({ pointer: '/body', detail: 'this endpoint takes no body' });
  return undefined;
}

/** Features of the contract that this version does not have are refused, so that nobody relies on them in vain. */
function refuseUnsupported(req: Request): void {
  const feature =
    req.headers['idempotency-key'] !== undefined
      ? 'the header Idempotency-Key'
      : req.query['dryRun'] !== undefined
        ? 'the parameter dryRun'
        : /\bmerge\b/i.test(String(req.headers['prefer'] ?? ''))
          ? 'Prefer: merge'
          : undefined;
  if (feature !== undefined) {
    throw new Problem('request.not_supported', {
      detail: `This version does not support ${feature}; leave it out.`,
    });
  }
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
