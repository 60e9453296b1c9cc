import mongoose from 'mongoose';
import { connectClient, type Client } from './ask.ts';
import { PAGE_SIZE, PARSE_KEYS, dialects, parseRole, type Call } from './dialects.ts';
import type { Page, World } from './types.ts';

/** How much is seeded. */
export interface Sizes {
  /** Tasks in the project that is only read. */
  tasks: number;
  /** Users whose tokens the requests carry. */
  readers: number;
  /** Tasks in the project that is written. */
  ownTasks: number;
}

/** What the product holds after seeding, enough to give the other contenders the same. */
export interface Seeded {
  world: World;
  users: { id: string; name: string; email: string }[];
  /** The answers of the product for every task, of both projects. */
  tasks: Record<string, unknown>[];
}

const STATUSES = ['backlog', 'todo', 'in_progress', 'in_review', 'done'];
const PRIORITIES = ['none', 'low', 'medium', 'high', 'urgent'];
const PAGES_STATUS = 'todo';
const PAGES_KEPT = 8;
const PASSWORD = 'Vineyard-lattice-41';

const words = [
  ...['amber', 'anchor', 'basket', 'beacon', 'cable', 'candle', 'cedar', 'copper', 'delta', 'ember'],
  ...['falcon', 'garden', 'harbor', 'island', 'jacket', 'kettle', 'ladder', 'marble', 'needle', 'orchard'],
];
const word = (n: number) => words[n % words.length] ?? '';

const taskBody = (projectId: string, n: number) => ({
  projectId,
  title: `Task ${n}: ${word(n)} ${word(n * 7 + 3)} ${word(n * 13 + 5)}`,
  description: `${word(n * 3)} ${word(n * 5)} ${word(n * 11)} `.repeat(8).trim(),
  status: STATUSES[n % STATUSES.length],
  priority: PRIORITIES[(n * 3) % PRIORITIES.length],
  ...(n % 3 === 0 ? { dueDate: `2027-0${(n % 9) + 1}-1${n % 10}` } : {}),
});

const walk = async (client: Client, token: string, query: string): Promise<Record<string, unknown>[]> => {
  const items: Record<string, unknown>[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const suffix: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await client.ask({
      method: 'GET',
      path: `/api/tasks?${query}&limit=200${suffix}`,
      token,
    });
    if (status !== 200) throw new Error(`listing tasks gave ${status}: ${JSON.stringify(body)}`);
    const page = body as { items: Record<string, unknown>[]; nextCursor: string | null }; // API contract
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
};

/** Pages around the middle of a status column, with the cursor of the product and the rank before each. */
const middlePages = async (client: Client, token: string, projectId: string, column: number) => {
  const { readList } = dialects.product;
  const first = Math.max(1, Math.floor(column / PAGE_SIZE / 2 - PAGES_KEPT / 2));
  const query = `projectId=${projectId}&status=${PAGES_STATUS}&sort=rank&limit=${PAGE_SIZE}`;
  const pages: (Page & { rankBefore: string })[] = [];
  let cursor = '';
  let rankBefore = '';
  for (let number = 0; number < first + PAGES_KEPT; number += 1) {
    const suffix = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body } = await client.ask({ method: 'GET', path: `/api/tasks?${query}${suffix}`, token });
    const items = readList(body);
    const ids = items.map((task) => task.id);
    if (number >= first && ids.length === PAGE_SIZE) {
      pages.push({ status: PAGES_STATUS, cursor, ids, rankBefore });
    }
    cursor = String((body as { nextCursor: string | null }).nextCursor ?? ''); // API contract
    rankBefore = items.at(-1)?.rank ?? '';
    if (cursor === '') break;
  }
  if (pages.length === 0) throw new Error('there are too few tasks for a page in the middle');
  return pages;
};

/** Fills the product through its own API: users, two projects, members, tasks. */
export const seedProduct = async (
  port: number,
  sizes: Sizes,
): Promise<Seeded & { ranksBefore: string[] }> => {
  const client = await connectClient('product', port, 16);
  const people = Array.from({ length: sizes.readers + 1 }, (_, n) => ({
    name: `Reader ${n}`,
    email: `reader-${n}@example.com`,
  }));
  const sessions = (await client.askAll(
    people.map((person) => ({
      method: 'POST',
      path: '/api/auth/register',
      body: { ...person, password: PASSWORD },
    })),
    201,
  )) as { token: string; user: { id: string } }[]; // API contract
  const users = people.map((person, n) => ({ id: sessions[n]?.user.id ?? '', ...person }));
  const [owner, ...readers] = sessions;
  if (owner === undefined) throw new Error('nobody could be registered');
  const { token } = owner;

  const projects = (await client.askAll(
    ['Read project', 'Write project'].map((name) => ({
      method: 'POST',
      path: '/api/projects',
      token,
      body: { name },
    })),
    201,
  )) as { id: string }[]; // API contract
  const [readProject = '', writeProject = ''] = projects.map((project) => project.id);
  // One at a time: additions to one project touch one document.
  for (const projectId of [readProject, writeProject]) {
    for (const reader of readers) {
      const call: Call = {
        method: 'POST',
        path: `/api/projects/${projectId}/members`,
        token,
        body: { userId: reader.user.id, role: 'member' },
      };
      const { status, body } = await client.ask(call);
      if (status !== 201) throw new Error(`adding a member gave ${status}: ${JSON.stringify(body)}`);
    }
  }
  const create = (projectId: string, count: number, change: object) =>
    client.askAll(
      Array.from({ length: count }, (_, n) => ({
        method: 'POST',
        path: '/api/tasks',
        token,
        body: { ...taskBody(projectId, n), ...change },
      })),
      201,
    );
  await create(readProject, sizes.tasks, {});
  // The update workload goes round the statuses from here: a change to the same status would be none.
  await create(writeProject, sizes.ownTasks, { status: STATUSES[0] });

  const readTasks = await walk(client, token, `projectId=${readProject}&sort=number`);
  const ownTasks = await walk(client, token, `projectId=${writeProject}&sort=number`);
  if (readTasks.length !== sizes.tasks) throw new Error(`${readTasks.length} tasks after seeding`);
  const pages = await middlePages(client, token, readProject, sizes.tasks / STATUSES.length);
  client.close();
  return {
    users,
    tasks: [...readTasks, ...ownTasks],
    ranksBefore: pages.map((page) => page.rankBefore),
    world: {
      contender: 'product',
      port,
      readProject,
      writeProject,
      tokens: readers.map((reader) => reader.token),
      tasks: readTasks.map((task) => dialects.product.readTask(task)),
      pages: pages.map(({ status, cursor, ids }) => ({ status, cursor, ids })),
      ownTasks: ownTasks.map((task) => String(task['id'])),
    },
  };
};

/** The product's task indexes, as the server lists them, but the one on the id. */
const taskIndexes = async (database: mongoose.mongo.Db) =>
  (await database.collection('tasks').indexes()).filter((index) => index.name !== '_id_');

/** Gives LIMIT the product's tasks collection, document by document and index by index. */
export const seedLimit = async (productUri: string, limitUri: string): Promise<void> => {
  const product = await new mongoose.mongo.MongoClient(productUri).connect();
  const limit = await new mongoose.mongo.MongoClient(limitUri).connect();
  try {
    const target = limit.db().collection('tasks');
    const documents = await product.db().collection('tasks').find().toArray();
    for (let from = 0; from < documents.length; from += 1000) {
      await target.insertMany(documents.slice(from, from + 1000));
    }
    const indexes = await taskIndexes(product.db());
    if (indexes.length > 0) await target.createIndexes(indexes.map(({ v: _, ...index }) => index));
  } finally {
    await Promise.all([product.close(), limit.close()]);
  }
};

/** The world of LIMIT: the product's, but a page starts after a rank. Tokens are sent and not looked at. */
export const limitWorld = (seeded: Seeded, ranksBefore: readonly string[], port: number): World => ({
  ...seeded.world,
  contender: 'limit',
  port,
  pages: seeded.world.pages.map((page, n) => ({ ...page, cursor: ranksBefore[n] ?? '' })),
});

const master = { 'x-parse-application-id': PARSE_KEYS.appId, 'x-parse-master-key': PARSE_KEYS.masterKey };

const signedIn = { requiresAuthentication: true };

const classPermissions = (write: object) => ({
  find: signedIn,
  get: signedIn,
  count: signedIn,
  create: write,
  update: write,
  delete: write,
  addField: {},
});

const pointer = (className: string, objectId: string) => ({ __type: 'Pointer', className, objectId });

const date = (iso: unknown) => ({ __type: 'Date', iso });

const parseSchemas = [
  {
    className: 'Project',
    fields: { name: { type: 'String' } },
    classLevelPermissions: classPermissions({}),
  },
  {
    className: 'Task',
    fields: {
      key: { type: 'String' },
      number: { type: 'Number' },
      project: { type: 'Pointer', targetClass: 'Project' },
      title: { type: 'String' },
      description: { type: 'String' },
      status: { type: 'String' },
      category: { type: 'String' },
      priority: { type: 'String' },
      priorityOrder: { type: 'Number' },
      assignee: { type: 'Pointer', targetClass: '_User' },
      dueDate: { type: 'String' },
      dueAt: { type: 'Date' },
      rank: { type: 'String' },
      createdBy: { type: 'Pointer', targetClass: '_User' },
      completedAt: { type: 'Date' },
      deletedAt: { type: 'Date' },
      trashed: { type: 'Boolean' },
      version: { type: 'Number' },
    },
    classLevelPermissions: classPermissions(signedIn),
  },
];

/** How Parse Server stores the fields that the product's indexes name. */
const parseFields: Record<string, string> = {
  _id: '_id',
  projectId: '_p_project',
  assigneeId: '_p_assignee',
  createdBy: '_p_createdBy',
  createdAt: '_created_at',
  updatedAt: '_updated_at',
  number: 'number',
  status: 'status',
  category: 'category',
  priorityOrder: 'priorityOrder',
  rank: 'rank',
  dueAt: 'dueAt',
  trashed: 'trashed',
};

/** Gives Parse Server the product's task indexes under its field names; returns those it has no field for. */
const copyIndexesToParse = async (productUri: string, parseUri: string): Promise<string[]> => {
  const product = await new mongoose.mongo.MongoClient(productUri).connect();
  const parse = await new mongoose.mongo.MongoClient(parseUri).connect();
  const left: string[] = [];
  try {
    for (const index of await taskIndexes(product.db())) {
      const names = Object.keys(index.key);
      if (names.some((name) => !(name in parseFields)) || index.partialFilterExpression !== undefined) {
        left.push(String(index.name));
        continue;
      }
      // Not unique: Parse Server does not number the tasks it creates.
      const key = Object.fromEntries(names.map((name) => [parseFields[name] ?? name, index.key[name]]));
      await parse
        .db()
        .collection('Task')
        .createIndexes([{ key: key as mongoose.mongo.IndexDescription['key'] }]); // directions of an index
    }
  } finally {
    await Promise.all([product.close(), parse.close()]);
  }
  return left;
};

const parseTask = (task: Record<string, unknown>) => {
  const projectId = String(task['projectId']);
  const copied = [
    'key',
    'number',
    'title',
    'description',
    'status',
    'category',
    'priority',
    'dueDate',
    'rank',
  ];
  const { completedAt, dueDate, priority } = task;
  return {
    ...Object.fromEntries(copied.map((name) => [name, task[name] ?? null])),
    objectId: task['id'],
    version: task['version'],
    project: pointer('Project', projectId),
    createdBy: pointer('_User', String(task['createdBy'])),
    assignee: null,
    deletedAt: null,
    trashed: false,
    priorityOrder: PRIORITIES.indexOf(String(priority)),
    dueAt: typeof dueDate === 'string' ? date(`${dueDate}T23:59:59.999Z`) : null,
    completedAt: completedAt == null ? null : date(completedAt),
    ACL: { [`role:${parseRole(projectId)}`]: { read: true, write: true } },
  };
};

/**
 * Fills Parse Server through its own API with the same users, projects and tasks under the same ids. A
 * role per project stands for membership: its users may read and write the project's tasks.
 */
export const seedParse = async (
  seeded: Seeded,
  ranksBefore: readonly string[],
  port: number,
  uris: { product: string; parse: string },
): Promise<{ world: World; indexesLeftOut: string[] }> => {
  const client = await connectClient('parse', port, 16);
  const asMaster = (method: string, path: string, body: unknown): Call => ({
    method,
    path: `/parse${path}`,
    headers: master,
    body,
  });
  await client.askAll(
    parseSchemas.map((schema) => asMaster('POST', `/schemas/${schema.className}`, schema)),
    200,
  );
  const indexesLeftOut = await copyIndexesToParse(uris.product, uris.parse);

  const signedUp = (await client.askAll(
    seeded.users.map(({ id, name, email }) => ({
      method: 'POST',
      path: '/parse/users',
      headers: { 'x-parse-application-id': PARSE_KEYS.appId }, // a sign-up by the master key gets no session
      body: { objectId: id, username: name, email, password: PASSWORD },
    })),
    201,
  )) as { sessionToken: string }[]; // Parse Server answers every sign-up so
  const { readProject, writeProject } = seeded.world;
  const projects = [readProject, writeProject];
  await client.askAll(
    projects.map((id) => asMaster('POST', '/classes/Project', { objectId: id, name: id })),
    201,
  );
  await client.askAll(
    projects.map((id) =>
      asMaster('POST', '/roles', {
        name: parseRole(id),
        ACL: { [`role:${parseRole(id)}`]: { read: true } },
        users: { __op: 'AddRelation', objects: seeded.users.map((user) => pointer('_User', user.id)) },
      }),
    ),
    201,
  );
  // One by one: the batch endpoint of 9.10.0 answers 500 to paths without parameters.
  await client.askAll(
    seeded.tasks.map((task) => asMaster('POST', '/classes/Task', parseTask(task))),
    201,
  );
  client.close();
  return {
    indexesLeftOut,
    world: {
      ...seeded.world,
      contender: 'parse',
      port,
      tokens: signedUp.slice(1).map((user) => user.sessionToken),
      pages: seeded.world.pages.map((page, n) => ({ ...page, cursor: ranksBefore[n] ?? '' })),
    },
  };
};
