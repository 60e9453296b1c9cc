import { createHash } from 'node:crypto';
import { Router, type RequestHandler } from 'express';
import type { Config } from '../config/index.ts';
import { Problem } from '../errors/index.ts';
import { packageInfo } from '../package-info.ts';
import { docsAsset, docsPage } from './docs-pages.ts';
import type { Endpoint } from './endpoint.ts';
import { openApiDocument } from './openapi.ts';
import { problemIndex, problemPage } from './problem-pages.ts';
import type { RequestFacts } from './request-facts.ts';

/** Nothing in these answers depends on who asks; an hour, because the next release may change them. */
const shared = 'public, max-age=3600';

/** The pages about the API: its description, its documentation and the meaning of its problems. */
export function servicePages(endpoints: readonly Endpoint[], config: Config): Router {
  const router = Router({ caseSensitive: true });
  const serve = (path: string, ...handlers: RequestHandler<never>[]): void => {
    const route = router.route(path);
    // Each handler is typed for the parameters of its own path.
    route.get(noteRoute(path), ...(handlers as unknown as RequestHandler[]));
    route.all(onlyReading);
  };
  serve('/api/openapi.json', apiDescription(endpoints, config));
  serve('/api/docs', docsPage);
  serve('/api/docs/:file', docsAsset(shared));
  serve('/problems', problemIndex(shared));
  serve('/problems/:code', problemPage(shared));
  return router;
}

/** The OpenAPI document, rendered once; its paths start below the path of the public address. */
function apiDescription(endpoints: readonly Endpoint[], { publicUrl }: Config): RequestHandler {
  const below = new URL(publicUrl).pathname.replace(/\/$/, '');
  const document = openApiDocument(endpoints, { version: packageInfo.version, serverUrl: `${below}/api` });
  const text = JSON.stringify(document);
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  return (req, res) => {
    res.setHeader('ETag', tag).setHeader('Cache-Control', 'no-cache');
    if (req.fresh) res.status(304).end();
    else res.type('json').send(text);
  };
}

const noteRoute =
  (path: string): RequestHandler =>
  (_req, res, next) => {
    // The hot path has put the facts there for every request.
    (res.locals['facts'] as RequestFacts).route = path;
    next();
  };

const onlyReading: RequestHandler = () => {
  throw new Problem('route.method_not_allowed', {
    detail: 'Use one of GET, HEAD.',
    headers: { Allow: 'GET, HEAD' },
  });
};
