import type { Logger } from 'pino';
import { isJsonText, type JsonText } from '../schemas/json-text.ts';
import type { EndpointSpec } from './endpoint.ts';

/**
 * The body as its declared schema lets it out. What does not fit throws when `strict` (tests, development);
 * otherwise undeclared fields are stripped and the fault is logged, because an answer is better than none.
 * JSON text is read again only when `strict`: what writes it was compiled from the schema.
 */
export function fittedBody(
  spec: EndpointSpec,
  reply: { status: number; body: unknown },
  strict: boolean,
  log: Logger,
): unknown {
  const schema = spec.responses[reply.status];
  if (schema === undefined)
    throw new Error(`${spec.id} answered the undeclared status ${String(reply.status)}`);
  if (schema === null) {
    if (reply.body !== null)
      throw new Error(`${spec.id} answered a body with status ${String(reply.status)}`);
    return null;
  }
  if (isJsonText(reply.body) && !strict) return reply.body;
  const outcome = schema.safeParse(isJsonText(reply.body) ? readBack(reply.body) : reply.body);
  if (outcome.success) return reply.body;
  if (strict)
    throw new Error(`${spec.id} answered a body that does not fit its schema`, { cause: outcome.error });
  log.error(
    { endpoint: spec.id, issues: outcome.error.issues.map(({ code, path }) => ({ code, path })) },
    'answer does not fit its schema',
  );
  const body: unknown = structuredClone(reply.body);
  for (const issue of outcome.error.issues) {
    if (issue.code === 'unrecognized_keys') strip(body, issue.path, issue.keys);
  }
  return body;
}

const readBack = ({ json }: JsonText<unknown>): unknown => JSON.parse(json.toString('utf8'));

function strip(body: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  const place = path.reduce<unknown>((value, part) => (isObject(value) ? value[part] : undefined), body);
  if (isObject(place)) for (const key of keys) Reflect.deleteProperty(place, key);
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null;
