import type { IncomingMessage, ServerResponse } from 'node:http';
import cors, { type CorsOptions } from 'cors';
import helmet from 'helmet';

type Headers = [name: string, value: string][];

/** Runs a middleware once against an empty answer and gives the headers it sets. */
function headersSetBy(middleware: (req: never, res: never, next: () => void) => void, req: object): Headers {
  const headers = new Map<string, string>();
  const res = {
    statusCode: 200,
    getHeader: (name: string) => headers.get(name),
    setHeader: (name: string, value: unknown) => headers.set(name, String(value)),
    removeHeader: (name: string) => headers.delete(name),
    end: () => undefined,
  };
  // helmet and cors only use these few members of request and answer.
  middleware(req as never, res as never, () => undefined);
  return [...headers];
}

/** The security headers of every answer, computed once by helmet. */
export function securityHeaders(): Headers {
  const middleware = helmet({
    contentSecurityPolicy: {
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      useDefaults: false,
    },
  });
  return headersSetBy((req, res, next) => {
    middleware(req as IncomingMessage, res as ServerResponse, next);
  }, {});
}

const options: CorsOptions = {
  credentials: true,
  methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'If-Match',
    'Prefer',
    'Idempotency-Key',
    'X-Request-Id',
    'Last-Event-ID',
  ],
  exposedHeaders: [
    'ETag',
    'Location',
    'Retry-After',
    'RateLimit',
    'RateLimit-Policy',
    'X-Request-Id',
    'Idempotency-Replayed',
    'Preference-Applied',
  ],
  maxAge: 600,
};

/** The headers for one allowed origin: of plain answers and of preflights. */
export interface OriginHeaders {
  plain: Headers;
  preflight: Headers;
}

const localOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;
const mostRemembered = 1_000;

/** Looks up the CORS headers of an origin, computed once per origin by cors; undefined when it is not allowed. */
export function corsHeaders(
  allowed: readonly string[],
  anyLocalPort: boolean,
): (origin: string) => OriginHeaders | undefined {
  const known = new Map<string, OriginHeaders>();
  return (origin) => {
    const remembered = known.get(origin);
    if (remembered !== undefined) return remembered;
    const isAllowed =
      allowed.includes(origin) || allowed.includes('*') || (anyLocalPort && localOrigin.test(origin));
    if (!isAllowed) return undefined;
    const middleware = cors({ ...options, origin });
    const headers = { origin };
    const computed = {
      plain: headersSetBy(middleware, { method: 'GET', headers }),
      preflight: headersSetBy(middleware, { method: 'OPTIONS', headers }),
    };
    if (known.size < mostRemembered) known.set(origin, computed);
    return computed;
  };
}
