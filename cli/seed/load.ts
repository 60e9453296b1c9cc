import { randomUUID } from 'node:crypto';
import type mongoose from 'mongoose';
import type { PasswordHash } from '../../src/access/index.ts';
import type { Progress } from '../../src/db/backup/index.ts';
import type { StoredEvent } from '../../src/events/index.ts';
import { madeUpId, madeUpPeople, madeUpProjects, madeUpTasks, tasksIn, type Plan } from './made-up.ts';

type Db = mongoose.mongo.Db;

/** What was stored. */
export interface SeedReport {
  people: number;
  projects: number;
  tasks: number;
  events: number;
  seconds: number;
  /** The administrator among them. */
  email: string;
}

/** What a load needs. */
export interface SeedOptions {
  db: Db;
  plan: Plan;
  /** The password of everybody. */
  password: PasswordHash;
  /** Whether to tell the log of the new things too; the worker numbers these events. */
  events: boolean;
  progress: Progress;
}

const tasksAtOnce = 2_000;
const batchesAtOnce = 2;

/** Stores made-up people, projects and tasks past the services. Throws when this seed was stored before. */
export async function loadSeed({ db, plan, password, events, progress }: SeedOptions): Promise<SeedReport> {
  const startedAt = performance.now();
  const people = madeUpPeople(plan);
  const projects = madeUpProjects(plan, people);
  const [first] = people;
  if (first === undefined) throw new Error('there must be somebody');
  if ((await db.collection('users').findOne({ _id: first._id })) !== null)
    throw new Error(`Seed ${String(plan.seed)} is in this database already: choose another with --seed.`);
  const operationId = randomUUID();
  let told = 0;
  const tell = async (
    made: readonly Pick<StoredEvent, 'name' | 'at' | 'actorId' | 'projectId' | 'subject' | 'data'>[],
  ) => {
    if (!events || made.length === 0) return;
    const complete = made.map((event) => {
      told += 1;
      return {
        _id: madeUpId(plan, 'event', told - 1),
        ...event,
        operationId,
        requestId: operationId,
        changes: [],
      };
    });
    await db.collection<(typeof complete)[number]>('events').insertMany(complete, { ordered: false });
  };

  await insert(db, 'users', people);
  await insert(
    db,
    'emailclaims',
    people.map(({ _id, emailNormalised }) => ({ _id: emailNormalised, userId: _id })),
  );
  await insert(
    db,
    'credentials',
    people.map(({ _id, createdAt, updatedAt }) => ({
      _id,
      ...password,
      generation: 1,
      version: 1,
      createdAt,
      updatedAt,
    })),
  );
  await tell(
    people.map(({ _id, createdAt }) => ({
      name: 'user.registered',
      at: createdAt,
      actorId: _id,
      projectId: null,
      subject: { type: 'user', id: String(_id), version: 1 },
      data: {},
    })),
  );
  // The counters before the tasks: a project is complete as soon as it can be seen.
  const counters = projects.map(({ _id }, index) => ({
    _id,
    number: tasksIn(plan, index),
    rank: tasksIn(plan, index),
  }));
  await insert(db, 'counters', counters);
  await insert(
    db,
    'project_keys',
    projects.map(({ ownerId, key }) => ({ _id: `${String(ownerId)}/${key}` })),
  );
  await insert(db, 'projects', projects);
  await tell(
    projects.map(({ _id, ownerId, name, createdAt }) => ({
      name: 'project.created',
      at: createdAt,
      actorId: ownerId,
      projectId: _id,
      subject: { type: 'project', id: String(_id), version: 1 },
      data: { name },
    })),
  );

  let stored = 0;
  let running: Promise<void>[] = [];
  const store = async (batch: ReturnType<typeof madeUpTasks> extends Generator<infer T> ? T[] : never) => {
    await insert(db, 'tasks', batch);
    await tell(
      batch.map(({ _id, projectId, number, title, assigneeId, createdBy, createdAt }) => ({
        name: 'task.created',
        at: createdAt,
        actorId: createdBy,
        projectId,
        subject: { type: 'task', id: String(_id), version: 1 },
        data: { number, title, assigneeId: assigneeId?.toHexString() ?? null },
      })),
    );
    stored += batch.length;
    progress('storing tasks', stored, plan.tasks);
  };
  let firstTask = 0;
  for (const [index, project] of projects.entries()) {
    for (const batch of inBatches(madeUpTasks(plan, project, index, firstTask), tasksAtOnce)) {
      running.push(store(batch));
      if (running.length < batchesAtOnce) continue;
      await Promise.all(running);
      running = [];
    }
    firstTask += tasksIn(plan, index);
  }
  await Promise.all(running);
  return {
    people: people.length,
    projects: projects.length,
    tasks: stored,
    events: told,
    seconds: (performance.now() - startedAt) / 1000,
    email: first.email,
  };
}

function* inBatches<T>(all: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const one of all) {
    batch.push(one);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function insert(db: Db, name: string, documents: readonly object[]): Promise<void> {
  // The driver's types want ids to be ObjectIds; some here are texts.
  const all = documents as mongoose.mongo.OptionalId<mongoose.mongo.Document>[];
  if (all.length > 0) await db.collection(name).insertMany(all, { ordered: false });
}
