import type { Endpoint } from './endpoint.ts';
import { answerHeaders, answersOf, problemsByStatus } from './openapi-answers.ts';
import { schemaBook, type Json, type SchemaBook } from './openapi-schemas.ts';
import { descriptionOf, introduction, tagDescriptions } from './openapi-words.ts';
import { problemExamples } from './problem-schema.ts';

/** What the document says about this build. */
export interface ApiInfo {
  version: string;
  /** Where the paths start; `/api`, or longer behind a proxy that serves the product below a path. */
  serverUrl: string;
}

/** Renders the OpenAPI 3.1 document of the endpoints; the same endpoints give the same text. */
export function openApiDocument(endpoints: readonly Endpoint[], info: ApiInfo): object {
  const book = schemaBook();
  const paths: Record<string, Json> = {};
  const responses: Record<string, Json> = {};
  for (const one of endpoints) {
    const path = templateOf(one.path);
    paths[path] = { ...paths[path], [one.method]: operationOf(one, book, responses) };
  }
  const tags = new Set(endpoints.map((one) => one.spec.tags[0]));
  const codes = new Set(endpoints.flatMap((one) => [...problemsByStatus(one).values()].flat()));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Pro-Tasker API',
      version: info.version,
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: info.serverUrl, description: 'This server' }],
    tags: [...tags]
      .sort((a, b) => rankOf(a) - rankOf(b))
      .map((name) => ({ name, description: tagDescriptions[name] })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `token` of a session, from logging in, registering or refreshing.',
        },
      },
      parameters: {
        'X-Request-Id': requestIdHeader,
        'If-Match': ifMatchHeader,
        'Idempotency-Key': idempotencyKeyHeader,
        Prefer: preferHeader,
        dryRun: dryRunParameter,
        'Last-Event-ID': lastEventIdHeader,
      },
      headers: answerHeaders,
      responses,
      examples: problemExamples(codes),
      schemas: book.components(),
    },
  };
}

/** The path with OpenAPI's placeholders: `/tasks/{id}` for `/tasks/:id`. */
export const templateOf = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');

const rankOf = (tag: string): number => Object.keys(tagDescriptions).indexOf(tag);

function operationOf(one: Endpoint, book: SchemaBook, responses: Record<string, Json>): Json {
  const { spec } = one;
  return {
    operationId: spec.id,
    tags: spec.tags,
    summary: spec.summary,
    description: descriptionOf(spec),
    security: spec.access === 'public' ? [] : [{ bearer: [] }],
    parameters: parametersOf(one, book),
    ...(spec.body !== undefined && {
      requestBody: {
        required: !spec.body.safeParse(undefined).success,
        content: { 'application/json': { schema: book.describe(spec.body, 'input') } },
      },
    }),
    responses: answersOf(one, book, responses),
  };
}

function parametersOf({ spec, path, method }: Endpoint, book: SchemaBook): Json[] {
  const inPath = spec.params === undefined ? undefined : book.properties(spec.params).properties;
  const inQuery = spec.query === undefined ? undefined : book.properties(spec.query);
  return [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
      const schema = inPath?.[name];
      if (schema === undefined) throw new Error(`${spec.id} has no schema for the path parameter ${name}`);
      return parameter('path', name, schema, true);
    }),
    ...Object.entries(inQuery?.properties ?? {}).map(([name, schema]) =>
      parameter('query', name, schema, inQuery?.required.includes(name) === true),
    ),
    ...(spec.ifMatch === true ? shared('If-Match') : []),
    ...(spec.ifMatch === true && method === 'patch' ? shared('Prefer') : []),
    ...(method !== 'get' && spec.answersSecrets !== true ? shared('Idempotency-Key', 'dryRun') : []),
    ...(spec.streams === true ? shared('Last-Event-ID') : []),
    ...shared('X-Request-Id'),
  ];
}

const shared = (...names: string[]): Json[] =>
  names.map((name) => ({ $ref: `#/components/parameters/${name}` }));

function parameter(place: 'path' | 'query', name: string, schema: Json, required: boolean): Json {
  const { description, ...rest } = schema;
  return {
    name,
    in: place,
    required,
    ...(description !== undefined && { description }),
    ...(schema['type'] === 'array' && { style: 'form', explode: true }),
    schema: rest,
  };
}

const requestIdHeader: Json = {
  name: 'X-Request-Id',
  in: 'header',
  required: false,
  description: 'An id of your own for the request; given back in the answer and written to the log',
  schema: { type: 'string', pattern: '^[\\w.:-]{1,128}$', examples: ['request-1'] },
};

const lastEventIdHeader: Json = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The `id` of the last entry seen: the stream goes on after it, without gap or repetition',
  schema: { type: 'string', examples: ['h3Vw0Jm2xQ4kPz9a.3mv'] },
};

const ifMatchHeader: Json = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description:
    'The `ETag` of the version you read. When the resource has changed since, the answer is 412 ' +
    '`resource.changed`. Without it the last writer wins, field by field',
  schema: { type: 'string', examples: ['"3"'] },
};

const idempotencyKeyHeader: Json = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A text of your own for this one write, such as a UUID. Repeats with the same key take no further effect and ' +
    'answer the same, for 24 hours',
  schema: {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,255}$',
    examples: ['3f0f1a52-7c5e-4b0e-9a55-0d9f7f1f7a11'],
  },
};

const preferHeader: Json = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description:
    '`merge`: let the change through although `If-Match` is stale, when nobody changed the same fields',
  schema: { type: 'string', examples: ['merge'] },
};

const dryRunParameter: Json = {
  name: 'dryRun',
  in: 'query',
  required: false,
  description: '`true`: the same answer, but nothing is done',
  schema: { type: 'boolean', default: false },
};
