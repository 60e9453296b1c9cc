import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import type { Model } from 'mongoose';
import { LeaseModel } from './db/lease.ts';
import type { Deps } from './deps.ts';
import { Problem } from './errors/index.ts';
import { eventModels } from './events/index.ts';
import { AnswerModel } from './http/idempotency.model.ts';
import { mount } from './http/mount.ts';
import { servicePages } from './http/pages.ts';
import { toProblem } from './http/problem-response.ts';
import { renderProblem, sendRendered } from './http/rendered.ts';
import type { RequestFacts } from './http/request-facts.ts';
import { statusRoutes, type Status } from './http/status-routes.ts';
import { jobModels } from './jobs/index.ts';
import { authenticate } from './middlewares/authenticate.ts';
import { hotPath } from './middlewares/hot-path.ts';
import { KnownAddressModel } from './middlewares/known-address.model.ts';
import { RateCountModel } from './middlewares/rate-limit.model.ts';
import type { RateLimits } from './middlewares/rate-limit.ts';
import type { Metrics } from './observability/metrics.ts';
import type { Pressure } from './observability/pressure.ts';
import { models as featureModels, routes } from './routes.ts';

/** What the application is built from. */
export interface AppParts {
  deps: Deps;
  metrics: Metrics;
  pressure: Pressure;
  limits: RateLimits;
  status: Status;
}

/** Every stored collection, for migrations. */
export const models = [
  ...eventModels,
  LeaseModel,
  ...jobModels,
  RateCountModel,
  KnownAddressModel,
  AnswerModel,
  ...featureModels,
] as unknown as Model<never>[];

/** Puts the application together: the order of everything a request passes, on one page. */
export function createApp({ deps, metrics, pressure, limits, status }: AppParts): Express {
  const app = express();
  app
    .disable('x-powered-by')
    .disable('etag')
    .set('query parser', 'simple')
    .set('case sensitive routing', true);
  app.use(hotPath(deps, metrics, pressure));
  app.use(statusRoutes(deps, metrics, status));
  // A process that only works in the background still tells how it is.
  if (deps.config.roles.includes('web')) {
    app.use(servicePages(routes, deps.config));
    app.use('/api', mount(routes, deps, { authenticate: authenticate(deps), limit: limits.limit }));
  }
  app.use(nothingHere);
  app.use(answerProblem(deps));
  return app;
}

const nothingHere: RequestHandler = () => {
  throw new Problem('route.not_found', { detail: 'There is nothing at this address; see /api/docs.' });
};

/** The only place where an error becomes an answer. */
function answerProblem(deps: Deps): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) {
      next(error);
      return;
    }
    // The hot path has put the facts there for every request.
    const facts = res.locals['facts'] as RequestFacts;
    const problem = toProblem(error);
    facts.problem = problem.code;
    if (problem.code === 'server.internal')
      deps.log.error({ requestId: facts.requestId, err: problem.cause ?? problem }, 'unexpected error');
    sendRendered(res, renderProblem(problem, facts.requestId));
  };
}
