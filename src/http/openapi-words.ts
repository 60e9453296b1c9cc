import { whoMay } from '../access/permission-words.ts';
import type { EndpointSpec } from './endpoint.ts';

/** What the groups of operations are about, in the order readers meet them. */
export const tagDescriptions: Record<string, string> = {
  Auth: 'Registering, logging in and out, sessions and passwords.',
  Users: 'The account of the caller, and the accounts of others for administrators.',
  Projects: 'Projects, their life from creation to the trash, and their owner.',
  Members: 'Who is in a project, in which role.',
  Tasks: 'Tasks: what is to be done, by whom, until when, in which order.',
  'What happened': 'The history of tasks and projects, and everything you can see as it happens.',
};

/** The introduction of the document: the promises that hold for every operation. */
export const introduction = `Self-hosted project and task management.

**Who you are.** Log in (\`POST /auth/login\`) and send \`Authorization: Bearer <token>\`. The token lives for minutes; \`POST /auth/refresh\` gives the next one. What you may do is decided by your role at the moment of the request.

**Errors** are \`application/problem+json\` (RFC 9457). Decide by \`code\`; \`type\` leads to a page of this server that says what to do. A thing you may not see answers 404, like one that does not exist; one that you see but may not act on answers 403 and names the missing permission.

**Input.** Unknown body fields and query parameters are refused, and every fault is reported at once in \`errors\`, with a JSON pointer each. \`PATCH\` merges: an absent field stays, \`null\` clears. \`PUT\` replaces every writable field.

**Concurrent changes.** A resource carries \`version\` and \`ETag\`. Send \`If-Match\` with it where an operation lists that header, and a change made meanwhile by somebody else answers 412 instead of being overwritten.

**Lists** answer \`items\` and \`nextCursor\`. Pass \`nextCursor\` as \`cursor\`, with the same filters and sort, until it is null; a page may be shorter than \`limit\`.

**Trying again safely.** Send a write with an \`Idempotency-Key\` (a UUID, say) and repeat it with the same key until you have an answer: it takes effect once. For 24 hours a repeat answers what the first one answered, with \`Idempotency-Replayed: true\`; refusals are kept too, but for 401, 429 and 5xx. The body is left out of a repeat when you may no longer read what it shows, or when it was larger than 128 KiB. The same key with another method, address or body answers 422.

**Rehearsing.** \`?dryRun=true\` on a write gives the answer it would have, with \`Preference-Applied: dry-run\`, and does nothing: nothing is stored or announced, no number is taken (\`number\` and \`key\` of a task are null), and the \`id\` of what would be made leads nowhere.

**Merging.** \`PATCH\` with \`Prefer: merge\` and a stale \`If-Match\` goes through when nobody has changed the same fields since; otherwise 412 says what changed, by whom and when.

**Beside these operations** the server answers \`GET /api/\` (a greeting), \`GET /health/live\`, \`GET /health/ready\`, \`GET /metrics\` (Prometheus) and \`GET /problems/<code>\`.

Times are RFC 3339 in UTC with milliseconds. An id is 24 hexadecimal characters.`;

/** An operation's description: its own words and who may call it. */
export function descriptionOf(spec: EndpointSpec): string {
  const who =
    spec.access === 'public'
      ? 'Anyone may call this, without a token.'
      : spec.access === 'signed-in'
        ? 'Every logged-in user may call this.'
        : whoMay(spec.access);
  return spec.description === undefined ? who : `${spec.description}\n\n${who}`;
}
