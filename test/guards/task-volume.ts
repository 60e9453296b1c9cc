import mongoose, { type Types } from 'mongoose';
import { expect } from 'vitest';
import { statusCategories } from '../../src/access/index.ts';
import { duplicatePlace } from '../../src/db/faults.ts';
import { ProjectModel } from '../../src/features/projects/project.model.ts';
import { rankAtEnd } from '../../src/features/tasks/rank.ts';
import { priorities, TaskModel, type StoredTask } from '../../src/features/tasks/task.model.ts';
import { wordsOf } from '../../src/features/tasks/task-words.ts';

/** Stores projects of one owner directly, without going through the API. */
export async function storeProjects(ownerId: Types.ObjectId, count: number): Promise<Types.ObjectId[]> {
  const at = new Date();
  const projects = Array.from({ length: count }, (_, index) => ({
    _id: new mongoose.Types.ObjectId(),
    key: `P${letters(index)}`,
    name: `Project ${String(index)}`,
    nameKey: `project ${String(index)}`,
    description: '',
    status: 'active',
    statuses: statusCategories.map((category) => ({
      key: category,
      name: category,
      category,
      color: '#94a3b8',
    })),
    ownerId,
    members: [{ userId: ownerId, role: 'owner', since: at }],
    deletedAt: null,
    version: 1,
    createdAt: at,
    updatedAt: at,
  }));
  await ProjectModel.collection.insertMany(projects);
  return projects.map(({ _id }) => _id);
}

/** Stores accounts directly that nobody can log in to; one in fifty is disabled, one in a thousand administers. */
export async function storeUsers(count: number): Promise<Types.ObjectId[]> {
  const people = Array.from({ length: count }, (_, index) => {
    const name = `${index % 40 === 0 ? 'Zoe' : 'Ada'} Number ${String(index)}`;
    const email = `number${String(index)}@example.com`;
    const at = new Date(Date.now() - index * 60_000);
    return {
      _id: new mongoose.Types.ObjectId(),
      name,
      email,
      emailNormalised: email,
      avatar: null,
      timeZone: 'UTC',
      roles: index % 1_000 === 1 ? ['admin'] : [],
      disabled: index % 50 === 2,
      deletedAt: null,
      nameSort: name.toLowerCase(),
      searchTerms: [name.toLowerCase(), ...name.toLowerCase().split(' '), email],
      version: 1,
      createdAt: at,
      updatedAt: at,
    };
  });
  await storeAll('users', people);
  return people.map(({ _id }) => _id);
}

const letters = (index: number): string =>
  String.fromCharCode(65 + Math.floor(index / 26), 65 + (index % 26));

const verbs = ['Write', 'Fix', 'Review', 'Plan', 'Test', 'Ship', 'Draw', 'Call'];
const things = ['page', 'invoice', 'login', 'report', 'schedule', 'backup', 'banner', 'contract', 'import'];

/** How a made-up project's tasks are spread over people. */
interface Spread {
  projectId: Types.ObjectId;
  count: number;
  people: readonly Types.ObjectId[];
  /** From 0 to 1, see `chance`. */
  random: () => number;
  /** The latest time at which a task was made. */
  now: number;
}

/** Tasks as a team leaves them: most are done, a third has a due date, one in fifty is in the trash. */
export function tasksOf({ projectId, count, people, random, now }: Spread): StoredTask[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: count }, (_, index) => {
    const createdAt = new Date(now - Math.floor(random() * 1_000 * dayMs));
    const category = random() < 0.6 ? 'done' : pick(statusCategories);
    const priority = random() < 0.6 ? 'none' : pick(priorities);
    const dueAt = random() < 0.35 ? new Date(now + Math.floor((random() - 0.7) * 400 * dayMs)) : null;
    const trashed = random() < 0.02;
    // One title in two thousand has the word "unicorn": rare, but on more than one page.
    const title = `${pick(verbs)} the ${pick(things)} ${random() < 0.0005 ? 'unicorn' : String(index % 97)}`;
    return {
      _id: new mongoose.Types.ObjectId(),
      projectId,
      number: index + 1,
      title,
      description: '',
      status: category,
      category,
      priority,
      priorityOrder: priorities.indexOf(priority),
      assigneeId: random() < 0.3 ? null : pick(people),
      dueDate: dueAt === null ? null : dueAt.toISOString(),
      dueAt,
      dueIsDay: false,
      rank: rankAtEnd(index + 1),
      createdBy: pick(people),
      completedAt: category === 'done' ? createdAt : null,
      deletedAt: trashed ? new Date(now) : null,
      trashed,
      words: wordsOf(title),
      version: 1,
      createdAt,
      updatedAt: new Date(createdAt.getTime() + Math.floor(random() * (now - createdAt.getTime()))),
    };
  });
}

/**
 * A task with nothing but what the indexes hold, for plans: the embedded engine reads every document to explain one
 * command. One in fifty keeps its words, so that their index still has several entries for a task.
 */
export function indexedFieldsOf(task: StoredTask, at: number): Partial<StoredTask> {
  const { _id, projectId, trashed, rank, number, status, assigneeId, words } = task;
  const { dueAt, priorityOrder, createdAt, updatedAt } = task;
  const places = { rank, number, dueAt, priorityOrder, createdAt, updatedAt };
  return { _id, projectId, trashed, status, assigneeId, ...places, ...(at % 50 === 0 && { words }) };
}

const dayMs = 86_400_000;
const batchSize = 1_000;

/** Stores tasks directly. */
export const storeTasks = (tasks: readonly Partial<StoredTask>[]): Promise<void> =>
  storeAll(TaskModel.collection.name, tasks);

/** Stores new documents a batch at a time, without Mongoose, whose types know nothing of what is in a collection. */
async function storeAll(collection: string, documents: readonly object[]): Promise<void> {
  for (let from = 0; from < documents.length; from += batchSize) {
    const batch = documents.slice(from, from + batchSize);
    try {
      await mongoose.connection.collection(collection).insertMany(batch, { ordered: false });
    } catch (error) {
      // The driver sends a batch again whose answer was lost; the engine then finds all of it there already.
      if (duplicatePlace(error) === undefined) throw error;
    }
  }
  expect(await mongoose.connection.collection(collection).countDocuments()).toBeGreaterThanOrEqual(
    documents.length,
  );
}
