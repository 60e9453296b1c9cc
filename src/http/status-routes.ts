import { createHash, timingSafeEqual } from 'node:crypto';
import { Router, type Request, type RequestHandler } from 'express';
import type { Deps } from '../deps.ts';
import { Problem } from '../errors/index.ts';
import type { Metrics } from '../observability/metrics.ts';
import { packageInfo } from '../package-info.ts';
import type { RequestFacts } from './request-facts.ts';

/** How far the process is: what `/health/ready` answers from. */
export interface Status {
  /** False while starting and while draining. */
  accepting(): boolean;
  databaseAnswers(): Promise<boolean>;
}

/** The addresses for people and machines that watch the server: greeting, health, metrics. */
export function statusRoutes(deps: Deps, metrics: Metrics, status: Status): Router {
  const router = Router({ caseSensitive: true });
  if (deps.config.roles.includes('web')) router.get(['/api', '/api/'], greeting(deps));
  router.get('/health/live', (_req, res) => {
    named(res.locals, '/health/live');
    res.json({ status: 'ok' });
  });
  router.get('/health/ready', async (_req, res) => {
    named(res.locals, '/health/ready');
    const parts = { process: status.accepting(), database: await status.databaseAnswers() };
    const failing = Object.entries(parts).flatMap(([name, fine]) => (fine ? [] : [name]));
    if (failing.length > 0) res.setHeader('Retry-After', '2');
    res
      .status(failing.length === 0 ? 200 : 503)
      .json({ status: failing.length === 0 ? 'ok' : 'unavailable', failing });
  });
  router.get('/metrics', async (req, res) => {
    named(res.locals, '/metrics');
    const { metricsToken, env } = deps.config;
    if (metricsToken === undefined && env !== 'development' && env !== 'test')
      throw new Problem('route.not_found');
    if (metricsToken !== undefined && !bears(req, metricsToken)) throw new Problem('auth.required');
    res.type(metrics.contentType).send(await metrics.render());
  });
  return router;
}

/** Who answers here, and where the documentation is. */
const greeting =
  (deps: Deps): RequestHandler =>
  (_req, res) => {
    named(res.locals, '/api/');
    res.json({
      name: 'Pro-Tasker',
      version: packageInfo.version,
      status: 'ok',
      docs: '/api/docs',
      openapi: '/api/openapi.json',
      time: deps.clock.now().toISOString(),
    });
  };

function named(locals: Record<string, unknown>, route: string): void {
  // The hot path has put the facts there for every request.
  (locals['facts'] as RequestFacts).route = route;
}

/** Compares in constant time, whatever the lengths. */
function bears(req: Request, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(req.headers.authorization ?? ''), digest(`Bearer ${token}`));
}
