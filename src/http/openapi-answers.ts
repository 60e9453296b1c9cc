import { z } from 'zod';
import { catalog, type ProblemCode } from '../errors/index.ts';
import { commonProblems } from './common-problems.ts';
import type { Endpoint } from './endpoint.ts';
import type { Json, SchemaBook } from './openapi-schemas.ts';
import { statusOf } from './problem-response.ts';
import { ProblemDocument } from './problem-schema.ts';
import { problemCodes } from './problem-words.ts';

/** Every header an answer can carry, as OpenAPI components. */
export const answerHeaders: Record<string, Json> = {
  'X-Request-Id': header('The id of the request: the one sent, or a new one', 'request-1'),
  'RateLimit-Policy': header(
    'The limit that counts the request (IETF draft ratelimit-headers): name, quota `q`, window `w` in seconds. ' +
      'Absent while the limit is switched off',
    '"api";q=600;w=60',
  ),
  RateLimit: header(
    'What is left of it: requests `r`, seconds `t` until it is full again',
    '"api";r=599;t=60',
  ),
  ETag: header('The version of the resource, for `If-Match`', '"3"'),
  Location: header('Where the new resource is', '/api/tasks/66a1f0c2e4b0a1b2c3d4e5f6'),
  'Idempotency-Replayed': header('`true` when this is the kept answer of an earlier request', 'true'),
  'Preference-Applied': header('What was applied of `Prefer`, and `dry-run` for a rehearsal', 'dry-run'),
  'Retry-After': header('Seconds to wait before trying again', '2'),
  'WWW-Authenticate': header('How to say who you are', 'Bearer'),
};

function header(description: string, example: string): Json {
  return { description, schema: { type: 'string', examples: [example] }, example };
}

/**
 * All answers of an endpoint by status: what it declares and every problem it can have.
 * Problem answers are put into `shared` and referred to, because most endpoints have the same ones.
 */
export function answersOf(
  one: Endpoint,
  book: SchemaBook,
  shared: Record<string, Json>,
): Record<string, Json> {
  const answers: Record<string, Json> = {};
  for (const [status, schema] of Object.entries(one.spec.responses))
    answers[status] = successOf(one, Number(status), schema, book);
  for (const [status, codes] of problemsByStatus(one)) {
    const name = codes.join('-or-');
    shared[name] ??= problemAnswerOf(status, codes, book);
    answers[status] = { $ref: `#/components/responses/${name}` };
  }
  return answers;
}

function successOf(
  { spec, method }: Endpoint,
  status: number,
  schema: z.ZodType | null,
  book: SchemaBook,
): Json {
  const headers = [
    ...(schema !== null && isVersioned(schema) ? ['ETag'] : []),
    // Who registers without a token gets a session, which has no address of its own.
    ...(status === 201 && spec.access !== 'public' ? ['Location'] : []),
    ...(method !== 'get' && spec.answersSecrets !== true
      ? ['Idempotency-Replayed', 'Preference-Applied']
      : []),
  ];
  if (schema === null) return { description: 'Done; there is no body.', headers: headersNamed(headers) };
  return {
    description: schema.description ?? (status === 201 ? 'Created.' : 'Done.'),
    headers: headersNamed(headers),
    content: {
      [spec.streams === true ? 'text/event-stream' : 'application/json']: {
        schema: book.describe(schema, 'output'),
      },
    },
  };
}

function isVersioned(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodUnion) return schema.options.some(isVersioned);
  return schema instanceof z.ZodObject && 'version' in schema.shape;
}

/** The codes an endpoint can answer with, grouped by status; both in the catalog's order. */
export function problemsByStatus(one: Endpoint): Map<number, ProblemCode[]> {
  const possible = new Set([...one.spec.problems, ...commonProblems(one)]);
  const groups = new Map<number, ProblemCode[]>();
  for (const code of problemCodes.filter((each) => possible.has(each))) {
    const status = statusOf[catalog[code].kind];
    groups.set(status, [...(groups.get(status) ?? []), code]);
  }
  return groups;
}

function problemAnswerOf(status: number, codes: readonly ProblemCode[], book: SchemaBook): Json {
  const headers = [
    ...(status === 429 || status === 503 ? ['Retry-After'] : []),
    ...(status === 401 ? ['WWW-Authenticate'] : []),
  ];
  return {
    description: codes.map((code) => `\`${code}\`: ${catalog[code].title}.`).join('\n\n'),
    headers: headersNamed(headers),
    content: {
      'application/problem+json': {
        schema: book.describe(ProblemDocument, 'output'),
        examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}

const onEveryAnswer = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];

const headersNamed = (names: readonly string[]): Json =>
  Object.fromEntries(
    [...names, ...onEveryAnswer].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  );
