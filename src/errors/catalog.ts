/** What kind of fault a problem is; only `http/problem-response.ts` knows which status that means. */
export type ProblemKind =
  | 'malformed'
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'method'
  | 'conflict'
  | 'gone'
  | 'stale'
  | 'too_large'
  | 'media_type'
  | 'refused'
  | 'limited'
  | 'internal'
  | 'unavailable';

interface CatalogEntry {
  readonly kind: ProblemKind;
  /** The short name of the fault, the same for every occurrence. */
  readonly title: string;
  /** What the client should do about it; shown on the problem's page. */
  readonly remedy: string;
}

const entry = (kind: ProblemKind, title: string, remedy: string): CatalogEntry => ({ kind, title, remedy });

/** Every problem the API can answer with. Codes are public and never change their meaning. */
export const catalog = {
  'request.invalid': entry(
    'malformed',
    'The request is not well formed',
    'Correct every entry of `errors`; each names the place in the request by its pointer.',
  ),
  'request.malformed_json': entry(
    'malformed',
    'The body is not valid JSON',
    'Send one JSON object in UTF-8.',
  ),
  'request.invalid_cursor': entry(
    'malformed',
    'The cursor does not belong to this query',
    'Start again without `cursor`, or use the cursor with exactly the filters and sort it came from.',
  ),
  'request.not_supported': entry(
    'malformed',
    'This request feature is not available here',
    'Send the request again without the feature that `detail` names.',
  ),
  'idempotency.key_reused': entry(
    'refused',
    'The idempotency key belongs to another request',
    'Use a new `Idempotency-Key` for each request; repeat one only with the same method, address and body.',
  ),
  'idempotency.in_progress': entry(
    'conflict',
    'The first request with this idempotency key is still running',
    'Wait a second and send the same request again with the same key.',
  ),
  'request.too_large': entry('too_large', 'The body is too large', 'Send less; `detail` names the limit.'),
  'request.unsupported_media_type': entry(
    'media_type',
    'The body is not JSON',
    'Send `Content-Type: application/json`, without content encoding.',
  ),
  'route.not_found': entry(
    'missing',
    'There is nothing at this address',
    'See /api/docs for the list of endpoints.',
  ),
  'route.method_not_allowed': entry(
    'method',
    'This address does not know that method',
    'Use one of the methods that the `Allow` header lists.',
  ),
  'auth.required': entry(
    'unauthenticated',
    'Authentication is required',
    'Log in and send `Authorization: Bearer <token>`.',
  ),
  'auth.invalid_token': entry(
    'unauthenticated',
    'The token is not valid',
    'Refresh the session or log in again.',
  ),
  'auth.session_ended': entry('unauthenticated', 'The session has ended', 'Log in again.'),
  'auth.invalid_credentials': entry(
    'unauthenticated',
    'E-mail or password is wrong',
    'Check both and try again.',
  ),
  'auth.invalid_refresh_token': entry('unauthenticated', 'The refresh token is not valid', 'Log in again.'),
  'auth.invalid_ticket': entry(
    'unauthenticated',
    'The ticket is not valid',
    'Ask for a new one with POST /api/events/ticket; each opens one stream within 30 seconds.',
  ),
  'auth.account_disabled': entry(
    'unauthenticated',
    'The account is disabled',
    'Ask an administrator to enable it.',
  ),
  'auth.wrong_password': entry(
    'refused',
    'The current password is wrong',
    'Send the password the account has now.',
  ),
  'auth.weak_password': entry(
    'refused',
    'The password is too easy to guess',
    'Choose another; `errors` says why this one is refused.',
  ),
  'auth.email_taken': entry(
    'conflict',
    'The e-mail address has an account already',
    'Log in, or register with another address.',
  ),
  'auth.registration_closed': entry(
    'forbidden',
    'Registration is closed',
    'Ask an administrator for an account.',
  ),
  'auth.session_not_found': entry(
    'missing',
    'No such session',
    'List your sessions with GET /api/auth/sessions.',
  ),
  'access.denied': entry(
    'forbidden',
    'You may not do this',
    '`permission` names what is missing and `roles` who has it.',
  ),
  'user.not_found': entry('missing', 'No such user', 'Check the id.'),
  'user.owns_projects': entry(
    'conflict',
    'You own projects with other members',
    'Transfer the projects listed in `projects`, or remove their other members, first. Restore those in the trash before, and make archived ones active.',
  ),
  'user.last_admin': entry(
    'conflict',
    'The last administrator must stay',
    'Make another user an administrator first.',
  ),
  'project.not_found': entry(
    'missing',
    'No such project',
    'Check the id; a project you are no member of looks the same as one that does not exist.',
  ),
  'project.archived': entry(
    'conflict',
    'The project is archived',
    'Set its status to something other than `archived` first.',
  ),
  'project.key_taken': entry(
    'conflict',
    'The owner has a project with this key already',
    'Choose another key; `hint` proposes one.',
  ),
  'project.too_many_members': entry(
    'conflict',
    'The project is full',
    'Remove a member first; `detail` names the limit.',
  ),
  'member.not_found': entry(
    'missing',
    'No such member',
    'List the members with GET /api/projects/:id/members.',
  ),
  'member.unknown_user': entry('refused', 'No such user to add', 'The person must register first.'),
  'member.already_member': entry(
    'conflict',
    'This person is a member already',
    'Change the role with PATCH instead.',
  ),
  'member.is_owner': entry('conflict', 'The owner stays owner', 'Transfer the project first.'),
  'member.not_a_member': entry(
    'refused',
    'This person is not a member',
    'Add the person to the project first.',
  ),
  'task.not_found': entry(
    'missing',
    'No such task',
    'Check the id; a task you may not see looks the same as one that does not exist.',
  ),
  'task.unknown_project': entry('refused', 'No such project', 'Name a project you are a member of.'),
  'task.unknown_status': entry(
    'refused',
    'The project has no such status',
    'Use one of the keys in the project’s `statuses`.',
  ),
  'task.assignee_not_eligible': entry(
    'refused',
    'The assignee cannot act on tasks of this project',
    'Choose a member with the role member, manager or owner.',
  ),
  'task.move_target': entry(
    'refused',
    'The task cannot be placed there',
    '`before` or `after` must be another task of the same project and column.',
  ),
  'resource.changed': entry(
    'stale',
    'The resource changed since you read it',
    'Read it again; `version` is the current one and `changes` says who changed what.',
  ),
  'resource.read_only_field': entry(
    'refused',
    'A field that cannot be changed was changed',
    'Send the fields named in `errors` as they were, or leave them out.',
  ),
  'changes.expired': entry(
    'gone',
    'What happened after the cursor is no longer kept',
    'Take a new cursor with `since=now`, load what you need by the lists, then go on from the cursor.',
  ),
  'events.too_many_streams': entry(
    'limited',
    'You have too many streams open',
    'Close one, or share one stream between the tabs; `detail` names the limit.',
  ),
  'rate.limited': entry('limited', 'Too many requests', 'Wait as many seconds as `Retry-After` says.'),
  'server.internal': entry(
    'internal',
    'Something went wrong on our side',
    'Try again; if it persists, report the request id in `instance`.',
  ),
  'server.busy': entry(
    'unavailable',
    'The server is busy',
    'Wait as many seconds as `Retry-After` says and try again.',
  ),
  'server.database_unavailable': entry(
    'unavailable',
    'The database does not answer',
    'Wait as many seconds as `Retry-After` says and try again.',
  ),
} as const satisfies Record<string, CatalogEntry>;

/** The public code of a problem. */
export type ProblemCode = keyof typeof catalog;
