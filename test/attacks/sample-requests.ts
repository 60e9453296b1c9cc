import { randomBytes } from 'node:crypto';
import type { Endpoint } from '../../src/http/endpoint.ts';
import type { Answer } from '../app.ts';
import type { Persona } from './expected-verdicts.ts';
import type { Aim, World } from './world.ts';

/** What a request says, before it is written as HTTP. */
export interface Sample {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
}

interface Asking {
  world: World;
  aim: Aim;
  persona: Persona;
}

type Maker = (asking: Asking) => Sample;

const project: Maker = ({ aim }) => ({ params: { id: aim.projectId } });
const task: Maker = ({ aim }) => ({ params: { id: aim.taskId } });
const member: Maker = ({ aim }) => ({ params: { id: aim.projectId, userId: aim.userId } });
const user: Maker = ({ aim }) => ({ params: { id: aim.userId } });
const nothing: Maker = () => ({});

const unique = (): string => randomBytes(6).toString('hex');
/** Who is nobody borrows the owner's name. */
const self = ({ world, persona }: Asking) => world.people[persona === 'anonymous' ? 'owner' : persona];

/** A request to each operation that its rightful sender is allowed, by operation id. */
export const samples: Record<string, Maker> = {
  register: () => ({
    body: { name: 'New Person', email: `new.${unique()}@example.com`, password: 'seven violet teapots' },
  }),
  login: (asking) => ({ body: { email: self(asking).email, password: self(asking).password } }),
  refresh: (asking) => ({
    body: { refreshToken: asking.persona === 'anonymous' ? 'invented' : self(asking).refreshToken },
  }),
  logout: nothing,
  logoutAll: nothing,
  changePassword: (asking) => ({
    body: { currentPassword: self(asking).password, newPassword: 'eight purple kettles' },
  }),
  listSessions: () => ({ query: {} }),
  endSession: ({ aim }) => ({ params: { id: aim.sessionId } }),

  getMe: nothing,
  updateMe: (asking) => ({
    body: {
      name: 'Another Name',
      avatar: 'https://example.com/me.png',
      timeZone: 'Europe/Berlin',
      email: `moved.${unique()}@example.com`,
      currentPassword: self(asking).password,
    },
  }),
  deleteMe: (asking) => ({ body: { currentPassword: self(asking).password } }),
  listUsers: () => ({ query: {} }),
  getUser: user,
  administerUser: (asking) => ({ ...user(asking), body: { roles: [], disabled: true } }),

  listProjects: () => ({ query: {} }),
  createProject: ({ world }) => ({
    body: {
      name: 'Brand new',
      description: 'New',
      key: `N${Array.from(randomBytes(8), (byte) => String.fromCharCode(65 + (byte % 26))).join('')}`,
      status: 'active',
      collaboratorIds: [world.people.stranger.user.id],
    },
  }),
  readProject: project,
  updateProject: (asking) => ({
    ...project(asking),
    body: { name: 'Renamed', ...(asking.aim.projectStatus === 'active' && { status: 'active' }) },
  }),
  replaceProject: (asking) => ({
    ...project(asking),
    body: {
      name: 'Renamed',
      description: 'Rewritten',
      key: asking.aim.projectKey,
      status: asking.aim.projectStatus,
    },
  }),
  deleteProject: project,
  restoreProject: project,
  transferProject: (asking) => ({ ...project(asking), body: { userId: asking.aim.heirId } }),

  listMembers: (asking) => ({ ...project(asking), query: {} }),
  addMember: (asking) => ({
    ...project(asking),
    body: { userId: asking.world.people.stranger.user.id, role: 'viewer' },
  }),
  updateMember: (asking) => ({ ...member(asking), body: { role: 'member' } }),
  removeMember: member,

  listTasks: ({ aim }) => ({ query: aim.unscoped ? {} : { projectId: aim.projectId } }),
  createTask: ({ aim }) => ({
    body: {
      projectId: aim.projectId,
      title: 'New task',
      description: 'New',
      status: 'todo',
      priority: 'low',
      dueDate: '2027-01-31',
    },
  }),
  readTask: task,
  readTaskByKey: ({ aim }) => ({ params: { id: aim.projectId, key: aim.taskKey } }),
  listTaskActivity: (asking) => ({ ...task(asking), query: {} }),
  listProjectActivity: (asking) => ({ ...project(asking), query: {} }),
  listChanges: ({ aim }) => ({ query: aim.unscoped ? {} : { projectId: aim.projectId } }),
  readEvents: ({ aim }) => ({ query: aim.unscoped ? {} : { projectId: aim.projectId } }),
  issueEventTicket: nothing,
  updateTask: (asking) => ({
    ...task(asking),
    body: { title: 'Edited', description: 'Edited', status: 'done', priority: 'high', dueDate: null },
  }),
  replaceTask: (asking) => ({
    ...task(asking),
    body: {
      title: 'Replaced',
      description: '',
      status: 'todo',
      priority: 'none',
      assigneeId: null,
      dueDate: null,
    },
  }),
  deleteTask: task,
  restoreTask: task,
  moveTask: (asking) => ({
    ...task(asking),
    body: { status: 'todo', before: asking.aim.neighbourId },
  }),
};

/** Who may certainly send the sample: the owner, or an administrator where the site is concerned. */
export const rightfulSender = (id: string): Persona =>
  id === 'listUsers' || id === 'administerUser' ? 'admin' : 'owner';

/** The target at which the sample succeeds. */
export function rightfulTarget(id: string) {
  if (id === 'endSession') return 'own session' as const;
  if (id === 'getUser' || id === 'administerUser') return 'colleague' as const;
  return 'live' as const;
}

/** Broken Unicode cannot be written as a URL; its bytes can. */
function inPath(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return text.isWellFormed() ? encodeURIComponent(text) : '%ED%A0%80';
}

/** Objects become the bracket notation that some frameworks read back into objects. */
export function inQuery(name: string, value: unknown): [string, string][] {
  if (Array.isArray(value)) return value.flatMap((one) => inQuery(name, one));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => inQuery(`${name}[${key}]`, inner));
  return [[name, String(value)]];
}

/** Sends a sample as HTTP. */
export async function sendSample(
  world: World,
  { method, path }: Pick<Endpoint, 'method' | 'path'>,
  { params = {}, query = {}, body }: Sample,
  token: string | undefined,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => inPath(params[name]));
  const pairs = Object.entries(query).flatMap(([name, value]) => inQuery(name, value));
  const search = new URLSearchParams(pairs).toString();
  const target = `/api${filled}${search === '' ? '' : `?${search}`}`;
  return world.request(method.toUpperCase(), target, { token, body, headers });
}
