import { randomUUID } from 'node:crypto';
import { trace } from '@opentelemetry/api';
import type { Request, RequestHandler, Response } from 'express';
import { Problem } from '../errors/index.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Deps } from '../deps.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Pressure } from '../observability/pressure.ts';
import { clientAddress } from './client-address.ts';
import { corsHeaders, securityHeaders } from './fixed-headers.ts';

const safeRequestId = /^[\w.:-]{1,128}$/;

/**
 * The one middleware every request passes: request id, fixed headers, CORS, load shedding, metrics and the log line.
 * Header values are computed at start; per request they are only copied.
 */
export function hotPath(deps: Deps, metrics: Metrics, pressure: Pressure): RequestHandler {
  const fixed = securityHeaders();
  const corsFor = corsHeaders(
    deps.config.corsOrigins,
    deps.config.env === 'development' || deps.config.env === 'test',
  );
  return (req, res, next) => {
    const facts: RequestFacts = {
      requestId: requestIdOf(req),
      address: clientAddress(req, deps.config.trustedProxies),
      startedAt: performance.now(),
      route: 'none',
    };
    res.locals['facts'] = facts;
    for (const [name, value] of fixed) res.setHeader(name, value);
    res.setHeader('X-Request-Id', facts.requestId);
    res.setHeader('Cache-Control', 'no-store');
    pressure.enter();
    let isInside = true;
    const leave = (): void => {
      if (!isInside) return;
      isInside = false;
      pressure.leave();
      // A stream is answered when it has begun; what comes then is no time to answer.
      metrics.observeRequest(req.method, facts.route, statusOf(res), secondsSince(facts.startedAt));
    };
    facts.leave = leave;
    res.once('close', () => {
      leave();
      finish(req, res, facts, deps);
    });
    if (isPreflight(req, res, corsFor)) return;
    if (pressure.isTooHigh() && !req.path.startsWith('/health/')) {
      next(new Problem('server.busy', { detail: 'The server is shedding load.', retryAfterSeconds: 1 }));
      return;
    }
    next();
  };
}

function requestIdOf(req: Request): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && safeRequestId.test(given) ? given : randomUUID();
}

/** Sets the CORS headers; answers a preflight at once and says so. */
function isPreflight(req: Request, res: Response, corsFor: ReturnType<typeof corsHeaders>): boolean {
  res.setHeader('Vary', 'Origin');
  const { origin } = req.headers;
  const asks = req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined;
  if (origin === undefined) return false;
  const headers = corsFor(origin);
  if (headers !== undefined)
    for (const [name, value] of asks ? headers.preflight : headers.plain) res.setHeader(name, value);
  if (asks) res.writeHead(204).end();
  return asks;
}

/** 499 when the client left before the answer. */
const statusOf = (res: Response): number => (res.writableFinished || !res.closed ? res.statusCode : 499);

const secondsSince = (startedAt: number): number => (performance.now() - startedAt) / 1000;

function finish(req: Request, res: Response, facts: RequestFacts, deps: Deps): void {
  deps.log.info(
    {
      requestId: facts.requestId,
      method: req.method,
      route: facts.route,
      status: statusOf(res),
      ms: Math.round(secondsSince(facts.startedAt) * 10_000) / 10,
      userId: facts.userId,
      address: facts.address,
      problem: facts.problem,
      trace: traceOf(req),
    },
    'request',
  );
}

/** The trace id, so that log lines and traces meet: of the active span when an SDK is loaded, else of `traceparent`. */
function traceOf(req: Request): string | undefined {
  const active = trace.getActiveSpan()?.spanContext().traceId;
  if (active !== undefined) return active;
  const header = req.headers['traceparent'];
  return typeof header === 'string'
    ? /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/.exec(header)?.[1]
    : undefined;
}
