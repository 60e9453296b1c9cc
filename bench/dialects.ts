import type { ContenderName, Page, TaskFacts, World } from './types.ts';

/** A request before it is written down as HTTP. */
export interface Call {
  method: string;
  path: string;
  token?: string | undefined;
  headers?: Record<string, string>;
  body?: unknown;
}

/** How one contender is asked for each workload and how its answers are read. */
export interface Dialect {
  get: (taskId: string) => Call;
  list: (world: World, page: Page) => Call;
  create: (world: World, title: string) => Call;
  setStatus: (taskId: string, status: string, version: number) => Call;
  readTask: (body: unknown) => TaskFacts;
  readList: (body: unknown) => TaskFacts[];
  /** The header that carries a token. */
  tokenHeader: (token: string) => string;
  /** Whether a write is answered with the whole task, or only with what the server itself filled in. */
  writesAnswerWholeTask: boolean;
}

/** Tasks on one page of the list workload. */
export const PAGE_SIZE = 50;

/** The application id and master key of the Parse contender; it listens on loopback only. */
export const PARSE_KEYS = { appId: 'bench', masterKey: 'bench-master' };

type Stored = Record<string, unknown>;

const facts = (task: Stored, id: unknown): TaskFacts => ({
  id: String(id),
  title: String(task['title']),
  description: String(task['description']),
  status: String(task['status']),
  priority: String(task['priority']),
  rank: String(task['rank']),
  number: Number(task['number']),
  version: Number(task['version']),
});

const newTask = (title: string) => ({
  title,
  description: 'Written by the create workload. '.repeat(4),
  status: 'todo',
  priority: 'medium',
});

const rest = (listPath: (world: World, page: Page) => string, idField: string): Dialect => ({
  get: (taskId) => ({ method: 'GET', path: `/api/tasks/${taskId}` }),
  list: (world, page) => ({ method: 'GET', path: listPath(world, page) }),
  create: (world, title) => ({
    method: 'POST',
    path: '/api/tasks',
    body: { projectId: world.writeProject, ...newTask(title) },
  }),
  setStatus: (taskId, status, version) => ({
    method: 'PATCH',
    path: `/api/tasks/${taskId}`,
    headers: { 'if-match': `"${version}"` },
    body: { status },
  }),
  // JSON of these servers is an object; a wrong shape shows as a wrong fact.
  readTask: (body) => facts(body as Stored, (body as Stored)[idField]),
  readList: (body) => (body as { items: Stored[] }).items.map((task) => facts(task, task[idField])),
  tokenHeader: (token) => `authorization: Bearer ${token}`,
  writesAnswerWholeTask: true,
});

const listQuery = (world: World, page: Page) =>
  `/api/tasks?projectId=${world.readProject}&status=${page.status}&sort=rank&limit=${PAGE_SIZE}` +
  `&cursor=${encodeURIComponent(page.cursor)}`;

const projectPointer = (id: string) => ({ __type: 'Pointer', className: 'Project', objectId: id });

/** The name of the role whose users may read and write the tasks of a project in Parse Server. */
export const parseRole = (projectId: string) => `project-${projectId}`;

const parse: Dialect = {
  get: (taskId) => ({ method: 'GET', path: `/parse/classes/Task/${taskId}` }),
  list: (world, page) => {
    const where = {
      project: projectPointer(world.readProject),
      trashed: false,
      status: page.status,
      rank: { $gt: page.cursor },
    };
    const query = new URLSearchParams({
      where: JSON.stringify(where),
      order: 'rank,objectId',
      limit: String(PAGE_SIZE),
    });
    return { method: 'GET', path: `/parse/classes/Task?${query.toString()}` };
  },
  create: (world, title) => ({
    method: 'POST',
    path: '/parse/classes/Task',
    body: {
      project: projectPointer(world.writeProject),
      ...newTask(title),
      category: 'todo',
      priorityOrder: 2,
      trashed: false,
      rank: 'a0',
      version: 1,
      ACL: { [`role:${parseRole(world.writeProject)}`]: { read: true, write: true } },
    },
  }),
  // Parse Server has no condition on a version; it can only count the changes.
  setStatus: (taskId, status) => ({
    method: 'PUT',
    path: `/parse/classes/Task/${taskId}`,
    body: { status, version: { __op: 'Increment', amount: 1 } },
  }),
  readTask: (body) => facts(body as Stored, (body as Stored)['objectId']),
  readList: (body) => (body as { results: Stored[] }).results.map((task) => facts(task, task['objectId'])),
  tokenHeader: (token) => `x-parse-application-id: ${PARSE_KEYS.appId}\r\nx-parse-session-token: ${token}`,
  writesAnswerWholeTask: false,
};

/** The three dialects. LIMIT speaks the product's paths and names the key field as it is stored. */
export const dialects: Record<ContenderName, Dialect> = {
  product: rest(listQuery, 'id'),
  limit: rest(listQuery, '_id'),
  parse,
};

/** Writes a call down as an HTTP/1.1 request. */
export const asHttp = (dialect: Dialect, call: Call): string => {
  const lines = [`${call.method} ${call.path} HTTP/1.1`, 'host: 127.0.0.1'];
  if (call.token !== undefined) lines.push(dialect.tokenHeader(call.token));
  for (const [name, value] of Object.entries(call.headers ?? {})) lines.push(`${name}: ${value}`);
  if (call.body === undefined) return `${lines.join('\r\n')}\r\n\r\n`;
  const body = JSON.stringify(call.body);
  lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
};
