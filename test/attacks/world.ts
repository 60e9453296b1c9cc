import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import { models } from '../../src/app.ts';
import { startApp, type Answer, type Person, type Sending, type TestApp } from '../app.ts';
import { watchCanaries, type CanaryReport } from './canaries.ts';
import { personas, type Persona, type Target } from './expected-verdicts.ts';

/** Everyone in the world: the personas who have an account, and those who are only acted upon. */
const names = [
  ...personas.filter((one) => one !== 'anonymous'),
  'target',
  'coManager',
  'stranger',
  'foreignOwner',
  'goneUser',
] as const;
type Name = (typeof names)[number];

/** A project with what is in it. */
export interface WorldProject {
  id: string;
  key: string;
  /** A task the owner wrote, another one in the same column, and one in the trash. */
  task: { id: string; key: string };
  neighbour: { id: string; key: string };
  trashed: { id: string; key: string };
}

/** The ids one request is aimed at. */
export interface Aim {
  projectId: string;
  projectKey: string;
  projectStatus: 'active' | 'archived';
  taskId: string;
  taskKey: string;
  neighbourId: string;
  userId: string;
  /** The same person named in a body, where no malformed id belongs. */
  heirId: string;
  sessionId: string;
  /** True where an absent `projectId` in the list is meant. */
  unscoped: boolean;
}

/** A server with people, projects and tasks, which can be put back to how it was. */
export interface World {
  app: TestApp;
  people: Record<Name, Person>;
  live: WorldProject;
  archived: WorldProject;
  deleted: WorldProject;
  other: WorldProject;
  /** Every answer passes the canary watch. */
  request(method: string, path: string, sending?: Sending): Promise<Answer>;
  tokenOf(persona: Persona): string | undefined;
  aim(target: Target, persona: Persona): Aim;
  /** The stored business data as one text. */
  fingerprint(): Promise<string>;
  /** Whether the business data is as it was built. */
  isUntouched(): Promise<boolean>;
  restore(): Promise<void>;
  canaries(): Promise<CanaryReport>;
  close(): Promise<void>;
}

const unknownId = 'dddddddddddddddddddddddd';
const unique = (): string => randomBytes(9).toString('hex');

/** What must not change when a request is refused; memberships are inside the projects. */
const business = ['projects', 'tasks', 'users', 'credentials'];
/** Written by the server on its own account. */
const untracked = new Set(['events', 'ratelimits']);

const collection = (name: string) => mongoose.connection.collection(name);
const idOf = (id: string) => new mongoose.Types.ObjectId(id);
const documents = async (name: string) => collection(name).find().sort({ _id: 1 }).toArray();
type Stored = Awaited<ReturnType<typeof documents>>[number];

/** Replaces what changed and removes what is new; never all at once, so that untouched documents keep their place. */
async function putBack(name: string, was: Stored[], now: Stored[]): Promise<void> {
  const present = new Map(now.map((one) => [String(one._id), JSON.stringify(one)]));
  const wanted = new Set(was.map((one) => String(one._id)));
  const extra = now.filter((one) => !wanted.has(String(one._id))).map((one) => one._id);
  if (extra.length > 0) await collection(name).deleteMany({ _id: { $in: extra } });
  for (const one of was) {
    if (present.get(String(one._id)) === JSON.stringify(one)) continue;
    await collection(name).replaceOne({ _id: one._id }, one, { upsert: true });
  }
}

/** Builds the world once: 15 people, four projects, tasks of every author, three broken sessions. */
export async function buildWorld(): Promise<World> {
  // Without a worker: what it does afterwards would look like the effect of the next request.
  const app = await startApp({ ROLES: 'web', RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_AUTH_PER_MINUTE: '0' });
  const watch = watchCanaries(app);
  const { request } = watch;
  const must = async (status: number, method: string, path: string, sending: Sending): Promise<Answer> => {
    const answer = await request(method, path, sending);
    if (answer.status !== status) throw new Error(`${method} ${path} answered ${answer.text}`);
    return answer;
  };

  const people = {} as Record<Name, Person>;
  for (const name of names) {
    const email = `${name}.${unique()}@example.com`;
    const password = `cnry-${unique()} teapot`;
    watch.secret(password);
    const draft = { name: `The ${name}`, email, password };
    const { body } = await must(201, 'POST', '/api/auth/register', { body: draft });
    people[name] = { ...body, email, password };
  }
  const { foreignOwner, owner } = people;
  const sessions = await documents('sessions');
  const sessionOf = (name: Name): string =>
    String(sessions.find((one) => String(one['userId']) === people[name].user.id)?._id);

  const makeProject = async (by: Person, name: string, canary: string): Promise<WorldProject> => {
    const { token } = by;
    const draft = { name: `${name} ${canary}`, description: `About ${canary}` };
    const { id, key } = (await must(201, 'POST', '/api/projects', { token, body: draft })).body;
    const tasks = [];
    for (const title of ['task', 'neighbour', 'trashed']) {
      const body = { projectId: id, title: `${title} ${canary}`, description: `More of ${canary}` };
      tasks.push((await must(201, 'POST', '/api/tasks', { token, body })).body);
    }
    const [task, neighbour, trashed] = tasks;
    await must(204, 'DELETE', `/api/tasks/${String(trashed.id)}`, { token });
    return { id, key, task, neighbour, trashed };
  };
  const [live, archived, deleted] = [
    await makeProject(owner, 'Harbour', 'text'),
    await makeProject(owner, 'Quarry', 'text'),
    await makeProject(owner, 'Lighthouse', 'text'),
  ];
  const foreignText = `frgn${unique()}`;
  watch.foreign(foreignText, foreignOwner.token);
  const other = await makeProject(foreignOwner, 'Elsewhere', foreignText);

  const roles = { viewer: 'viewer', member: 'member', manager: 'manager', exMember: 'manager' } as const;
  const more = { target: 'viewer', coManager: 'manager' } as const;
  const broken = { expired: 'owner', revoked: 'owner', disabled: 'owner' } as const;
  for (const { id } of [live, archived, deleted]) {
    for (const [name, role] of Object.entries({ ...roles, ...more, ...broken })) {
      const userId = people[name as Name].user.id; // The keys above are names.
      const body = { userId, role: role === 'owner' ? 'manager' : role };
      await must(201, 'POST', `/api/projects/${id}/members`, { token: owner.token, body });
    }
    const path = `/api/projects/${id}/members/${people.exMember.user.id}`;
    await must(204, 'DELETE', path, { token: owner.token });
  }

  // What each persona wrote, in the live project: the ex-member and even those who never were in it.
  const mine = new Map<string, { task: string; trashed: string }>();
  for (const name of personas) {
    if (name === 'anonymous') continue;
    const ids: string[] = [];
    for (const title of ['mine', 'mine too']) {
      const body = { projectId: live.id, title };
      const { id } = (await must(201, 'POST', '/api/tasks', { token: owner.token, body })).body;
      ids.push(id);
      const createdBy = idOf(people[name].user.id);
      await collection('tasks').updateOne({ _id: idOf(id) }, { $set: { createdBy } });
    }
    const [task = '', trashed = ''] = ids;
    await must(204, 'DELETE', `/api/tasks/${trashed}`, { token: owner.token });
    mine.set(name, { task, trashed });
  }
  const { token } = owner;
  await must(200, 'PATCH', `/api/projects/${archived.id}`, { token, body: { status: 'archived' } });
  await must(204, 'DELETE', `/api/projects/${deleted.id}`, { token });

  await must(204, 'POST', '/api/auth/logout', { token: people.revoked.token });
  await collection('users').updateOne({ _id: idOf(people.admin.user.id) }, { $set: { roles: ['admin'] } });
  await collection('users').updateOne({ _id: idOf(people.disabled.user.id) }, { $set: { disabled: true } });
  await collection('users').updateOne(
    { _id: idOf(people.goneUser.user.id) },
    { $set: { deletedAt: new Date() } },
  );
  const anHourAgo = new Date(Date.now() - 3_600_000);
  const expiredToken = await app.instance.deps.tokens.issueAccess(
    { userId: people.expired.user.id, sessionId: sessionOf('expired') },
    anHourAgo,
  );

  const tracked = models.map(({ collection: { name } }) => name).filter((name) => !untracked.has(name));
  const built = new Map<string, { text: string; documents: Stored[] }>();
  for (const name of tracked) {
    const found = await documents(name);
    built.set(name, { text: JSON.stringify(found), documents: found });
  }
  const before = business.map((name) => built.get(name)?.text).join('\n');

  const forget = (): void => {
    const { caches } = app.instance.deps;
    for (const { _id } of built.get('sessions')?.documents ?? []) caches.sessions.drop(String(_id));
    for (const { _id } of built.get('projects')?.documents ?? []) caches.projects.drop(String(_id));
    for (const { _id } of built.get('users')?.documents ?? []) caches.visibleProjects.drop(String(_id));
  };
  forget();

  const projects = { live, archived, deleted, other };
  const projectOf = (target: Target): WorldProject => {
    if (target === 'archived, to be active') return archived;
    return target in projects ? projects[target as keyof typeof projects] : live;
  };
  const userOf = (target: Target, self: Name): string => {
    const known: Partial<Record<Target, Name>> = {
      self,
      'the owner': 'owner',
      'a manager': 'coManager',
      'no member': 'stranger',
      stranger: 'stranger',
      'deleted user': 'goneUser',
      other: 'foreignOwner',
    };
    return people[known[target] ?? 'target'].user.id;
  };

  const fingerprint = async (): Promise<string> => {
    const texts = await Promise.all(business.map(async (name) => JSON.stringify(await documents(name))));
    return texts.join('\n');
  };
  const world: World = {
    app,
    people,
    ...projects,
    request,
    tokenOf: (persona) => {
      if (persona === 'anonymous') return undefined;
      return persona === 'expired' ? expiredToken : people[persona].token;
    },
    aim: (target, persona) => {
      const self: Name = persona === 'anonymous' ? 'owner' : persona;
      const project = projectOf(target);
      const own = mine.get(self) ?? { task: '', trashed: '' };
      const tasks: Partial<Record<Target, { id: string; key: string }>> = {
        mine: { id: own.task, key: 'NONE-1' },
        trashed: project.trashed,
        'mine, trashed': { id: own.trashed, key: 'NONE-1' },
      };
      const task = tasks[target] ?? project.task;
      const aimed: Aim = {
        projectId: project.id,
        projectKey: project.key,
        projectStatus: target === 'archived' ? 'archived' : 'active',
        taskId: task.id,
        taskKey: task.key,
        neighbourId: project.neighbour.id,
        userId: userOf(target, self),
        heirId: userOf(target, self),
        sessionId: target === 'own session' ? sessionOf(self) : sessionOf('foreignOwner'),
        unscoped: target === 'none',
      };
      if (target !== 'unknown' && target !== 'malformed') return aimed;
      const id = target === 'unknown' ? unknownId : 'not-an-id';
      return { ...aimed, projectId: id, taskId: id, userId: id, sessionId: id };
    },
    fingerprint,
    isUntouched: async () => (await fingerprint()) === before,
    restore: async () => {
      for (const [name, was] of built) {
        const now = await documents(name);
        if (JSON.stringify(now) !== was.text) await putBack(name, was.documents, now);
      }
      forget();
    },
    canaries: watch.report,
    close: () => app.close(),
  };
  return world;
}

/** Runs `act` for every item, a few at a time. */
export async function inBatches<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
