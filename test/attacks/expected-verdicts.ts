/**
 * Who may do what, written by hand from the API contract and never derived from the code's own tables:
 * for each operation and each kind of target, the status every persona must get.
 */

/** Everybody who knocks, in the order of the tables below. */
export const personas = [
  'anonymous',
  'expired',
  'revoked',
  'disabled',
  'outsider',
  'viewer',
  'member',
  'manager',
  'owner',
  'admin',
  'exMember',
] as const;

/** One of the personas. */
export type Persona = (typeof personas)[number];

/** What an operation is aimed at; `world.ts` knows the ids behind each name. */
export type Target =
  | 'none'
  | 'live'
  | 'archived'
  | 'archived, to be active'
  | 'deleted'
  | 'other'
  | 'unknown'
  | 'malformed'
  | 'mine'
  | 'trashed'
  | 'mine, trashed'
  | 'self'
  | 'the owner'
  | 'a manager'
  | 'no member'
  | 'colleague'
  | 'stranger'
  | 'deleted user'
  | 'own session'
  | 'session of another';

type Verdict = Record<Persona, number>;
/** One operation's verdicts, by target. */
export type Verdicts = Partial<Record<Target, Verdict>>;

/** Outsider, viewer, member, manager, owner, site administrator, ex-member. */
type Seven = [number, number, number, number, number, number, number];

/** Without a session that counts the answer is 401, whatever the rest. */
function signedIn(...statuses: Seven): Verdict {
  const [outsider, viewer, member, manager, owner, admin, exMember] = statuses;
  const refused = { anonymous: 401, expired: 401, revoked: 401, disabled: 401 };
  return { ...refused, outsider, viewer, member, manager, owner, admin, exMember };
}

/** An open door: the same for all but the exceptions. */
function open(status: number, exceptions: Partial<Verdict> = {}): Verdict {
  const [anonymous, outsider] = [status, status];
  const same = { anonymous, expired: status, revoked: status, disabled: status, outsider };
  const roles = { viewer: status, member: status, manager: status, owner: status };
  return { ...same, ...roles, admin: status, exMember: status, ...exceptions };
}

const everyone = (status: number): Verdict =>
  signedIn(status, status, status, status, status, status, status);
const nowhere: Verdicts = { other: everyone(404), unknown: everyone(404), malformed: everyone(404) };

const taskWrite = (done: number): Verdicts => ({
  ...nowhere,
  //                  outsider viewer member manager owner admin exMember
  live: signedIn(404, 403, done, done, done, 404, 404),
  mine: signedIn(404, 403, done, done, done, 404, 404),
  archived: signedIn(404, 403, 409, 409, 409, 404, 404),
  deleted: everyone(404),
  trashed: everyone(404),
});

const feed: Verdicts = {
  none: everyone(200),
  live: signedIn(404, 200, 200, 200, 200, 404, 404),
  archived: signedIn(404, 200, 200, 200, 200, 404, 404),
  deleted: everyone(404),
  other: everyone(404),
  unknown: everyone(404),
  // An id in a query, not in a path.
  malformed: everyone(400),
};

const projectChange: Verdicts = {
  ...nowhere,
  live: signedIn(404, 403, 403, 200, 200, 404, 404),
  archived: signedIn(404, 403, 403, 409, 409, 404, 404),
  'archived, to be active': signedIn(404, 403, 403, 200, 200, 404, 404),
  deleted: everyone(404),
};

/** The table, by operation id. */
export const expectedVerdicts: Record<string, Verdicts> = {
  register: { none: open(201) },
  // Everybody with their own address and password; who is nobody uses the owner's.
  login: { none: open(200, { disabled: 401 }) },
  // Everybody with their own refresh token; who is nobody invents one.
  refresh: { none: open(200, { anonymous: 401, revoked: 401, disabled: 401 }) },
  logout: { none: everyone(204) },
  logoutAll: { none: everyone(204) },
  changePassword: { none: everyone(204) },
  listSessions: { none: everyone(200) },
  endSession: {
    'own session': everyone(204),
    'session of another': everyone(404),
    unknown: everyone(404),
    malformed: everyone(404),
  },

  getMe: { none: everyone(200) },
  updateMe: { none: everyone(200) },
  // The owner has projects with other people in them; the one administrator must stay.
  deleteMe: { none: signedIn(204, 204, 204, 204, 409, 409, 204) },
  listUsers: { none: signedIn(403, 403, 403, 403, 403, 200, 403) },
  getUser: {
    colleague: signedIn(404, 200, 200, 200, 200, 200, 404),
    stranger: signedIn(404, 404, 404, 404, 404, 200, 404),
    self: everyone(200),
    'deleted user': everyone(404),
    unknown: everyone(404),
    malformed: everyone(404),
  },
  administerUser: {
    colleague: signedIn(404, 403, 403, 403, 403, 200, 404),
    stranger: signedIn(404, 404, 404, 404, 404, 200, 404),
    // The administrator would shut out the last administrator.
    self: signedIn(403, 403, 403, 403, 403, 409, 403),
    'deleted user': everyone(404),
    unknown: everyone(404),
    malformed: everyone(404),
  },

  listProjects: { none: everyone(200) },
  createProject: { none: everyone(201) },
  readProject: {
    ...nowhere,
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
  },
  updateProject: projectChange,
  replaceProject: projectChange,
  deleteProject: {
    ...nowhere,
    live: signedIn(404, 403, 403, 403, 204, 404, 404),
    archived: signedIn(404, 403, 403, 403, 409, 404, 404),
    deleted: everyone(404),
  },
  // Owner and managers see the trash; restoring needs the right to delete.
  restoreProject: {
    ...nowhere,
    live: signedIn(404, 403, 403, 403, 200, 404, 404),
    archived: signedIn(404, 403, 403, 403, 200, 404, 404),
    deleted: signedIn(404, 404, 404, 403, 200, 404, 404),
  },
  transferProject: {
    ...nowhere,
    live: signedIn(404, 403, 403, 403, 200, 404, 404),
    'no member': signedIn(404, 403, 403, 403, 422, 404, 404),
    archived: signedIn(404, 403, 403, 403, 409, 404, 404),
    deleted: everyone(404),
  },

  listMembers: {
    ...nowhere,
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
  },
  addMember: {
    ...nowhere,
    live: signedIn(404, 403, 403, 201, 201, 404, 404),
    archived: signedIn(404, 403, 403, 409, 409, 404, 404),
    deleted: everyone(404),
  },
  // The target is a viewer unless the row says otherwise.
  updateMember: {
    ...nowhere,
    live: signedIn(404, 403, 403, 200, 200, 404, 404),
    self: signedIn(404, 403, 403, 200, 409, 404, 404),
    'the owner': signedIn(404, 403, 403, 409, 409, 404, 404),
    'a manager': signedIn(404, 403, 403, 200, 200, 404, 404),
    'no member': everyone(404),
    archived: signedIn(404, 403, 403, 409, 409, 404, 404),
    deleted: everyone(404),
  },
  removeMember: {
    ...nowhere,
    live: signedIn(404, 403, 403, 204, 204, 404, 404),
    // Everyone may leave but the owner.
    self: signedIn(404, 204, 204, 204, 409, 404, 404),
    'the owner': signedIn(404, 403, 403, 409, 409, 404, 404),
    'a manager': signedIn(404, 403, 403, 204, 204, 404, 404),
    'no member': everyone(404),
    archived: signedIn(404, 403, 403, 409, 409, 404, 404),
    deleted: everyone(404),
  },

  listTasks: {
    none: everyone(200),
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
    other: everyone(404),
    unknown: everyone(404),
    // An id in a query, not in a path.
    malformed: everyone(400),
  },
  createTask: {
    // The project is named in the body: what cannot be seen is refused by rule, like what does not exist.
    live: signedIn(422, 403, 201, 201, 201, 422, 422),
    archived: signedIn(422, 403, 409, 409, 409, 422, 422),
    deleted: everyone(422),
    other: everyone(422),
    unknown: everyone(422),
    malformed: everyone(400),
  },
  readTask: {
    ...nowhere,
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    mine: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
    trashed: everyone(404),
  },
  readTaskByKey: {
    ...nowhere,
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
    trashed: everyone(404),
  },
  // Whoever sees the task may read its history, in the trash too.
  listTaskActivity: {
    ...nowhere,
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    trashed: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
  },
  listProjectActivity: {
    ...nowhere,
    live: signedIn(404, 200, 200, 200, 200, 404, 404),
    archived: signedIn(404, 200, 200, 200, 200, 404, 404),
    deleted: everyone(404),
  },
  // Without a project everybody follows what they can see.
  listChanges: feed,
  readEvents: feed,
  issueEventTicket: { none: everyone(201) },
  updateTask: taskWrite(200),
  replaceTask: taskWrite(200),
  moveTask: taskWrite(200),
  // Members delete and restore what they wrote, managers and owner anything.
  deleteTask: {
    ...nowhere,
    live: signedIn(404, 403, 403, 204, 204, 404, 404),
    mine: signedIn(404, 403, 204, 204, 204, 404, 404),
    archived: signedIn(404, 403, 403, 409, 409, 404, 404),
    deleted: everyone(404),
    trashed: everyone(404),
    'mine, trashed': everyone(404),
  },
  restoreTask: {
    ...nowhere,
    live: signedIn(404, 403, 403, 200, 200, 404, 404),
    trashed: signedIn(404, 403, 403, 200, 200, 404, 404),
    'mine, trashed': signedIn(404, 403, 200, 200, 200, 404, 404),
    archived: signedIn(404, 403, 403, 409, 409, 404, 404),
    deleted: everyone(404),
  },
};
