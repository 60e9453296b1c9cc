import type { z } from 'zod';
import { isDatabaseAway } from '../db/faults.ts';
import { catalog, Problem, type Fault, type ProblemKind } from '../errors/index.ts';
import { faultWords } from './fault-words.ts';

/** Which status a kind of problem means. */
export const statusOf: Record<ProblemKind, number> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  method: 405,
  conflict: 409,
  gone: 410,
  stale: 412,
  too_large: 413,
  media_type: 415,
  refused: 422,
  limited: 429,
  internal: 500,
  unavailable: 503,
};

/** A problem as HTTP sends it (RFC 9457). */
export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

const defaultRetrySeconds = 2;
/** More faults than anybody reads; without a cap a small body of nonsense is answered with a large one. */
const mostFaults = 100;

/** Renders a problem for one request. */
export function problemAnswer(problem: Problem, requestId: string): ProblemAnswer {
  const { kind, title, remedy } = catalog[problem.code];
  const { detail, hint, errors, extensions, headers, retryAfterSeconds } = problem.details;
  const status = statusOf[kind];
  const retryAfter =
    retryAfterSeconds ?? (status === 503 || status === 429 ? defaultRetrySeconds : undefined);
  return {
    status,
    headers: {
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...headers,
      ...(retryAfter !== undefined && { 'Retry-After': String(Math.ceil(retryAfter)) }),
    },
    body: {
      type: `/problems/${problem.code}`,
      title,
      status,
      detail: detail ?? remedy,
      instance: requestId,
      code: problem.code,
      ...(hint !== undefined && { hint }),
      ...(errors !== undefined && { errors: errors.slice(0, mostFaults) }),
      ...extensions,
    },
  };
}

interface BodyParserFault {
  type?: unknown;
  limit?: unknown;
  status?: unknown;
}

/** Turns anything thrown into a problem; what is not known becomes `server.internal` and tells nothing. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseAway(error)) return new Problem('server.database_unavailable', { cause: error });
  if (typeof error === 'object' && error !== null) return fromBodyParser(error, error);
  return new Problem('server.internal', { cause: error });
}

// The types body-parser documents: https://github.com/expressjs/body-parser#errors
function fromBodyParser(fault: BodyParserFault, cause: unknown): Problem {
  switch (fault.type) {
    case 'entity.too.large':
      return new Problem('request.too_large', {
        detail: `The body may have at most ${String(fault.limit)} bytes.`,
      });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Problem('request.unsupported_media_type');
    case 'request.aborted':
    case 'request.size.invalid':
      return new Problem('request.malformed_json', { detail: 'The body ended before its announced length.' });
    default:
      // Express refuses a path with broken percent-encoding with a URIError of status 400: nothing is there.
      if (cause instanceof URIError) return new Problem('route.not_found');
      return new Problem('server.internal', { cause });
  }
}

const escapePointer = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** Lists every fault zod found, each with its pointer below `root` (`/body`, `/query`). */
export function faultsOf(error: z.ZodError, root: string): Fault[] {
  return error.issues.flatMap((issue) => {
    const pointer = [root, ...issue.path.map(escapePointer)].join('/');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: `${pointer}/${escapePointer(key)}`,
        detail: 'is not known here',
      }));
    }
    return [{ pointer, detail: faultWords(issue, root) }];
  });
}
