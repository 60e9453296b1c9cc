import mongoose, { type Types } from 'mongoose';
import { defaultStatuses } from '../../src/features/projects/default-statuses.ts';
import { nameKeyOf } from '../../src/features/projects/name-key.ts';
import type { StoredProject } from '../../src/features/projects/project.model.ts';
import { rankAtEnd } from '../../src/features/tasks/rank.ts';
import { priorities, type StoredTask } from '../../src/features/tasks/task.model.ts';
import { dueFields, priorityFields, titleFields } from '../../src/features/tasks/task-fields.service.ts';
import type { StoredUser } from '../../src/features/users/user.model.ts';
import { emailFields, searchFields } from '../../src/features/users/user.service.ts';

/** What is to be made up; the same plan gives the same documents. */
export interface Plan {
  tasks: number;
  projects: number;
  people: number;
  /** Another seed gives other documents with other ids. */
  seed: number;
  /** The latest time that any of them was changed. */
  now: Date;
}

const dayMs = 86_400_000;

/** A repeatable source of numbers from 0 to 1 (mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const kinds = { user: 1, project: 2, task: 3, event: 4 } as const;

/** The id of the so-and-so-manieth document of a kind. */
export function madeUpId(
  { seed }: Pick<Plan, 'seed'>,
  kind: keyof typeof kinds,
  index: number,
): Types.ObjectId {
  const bytes = Buffer.alloc(12);
  // A time long ago, so that no id of the server can be the same.
  bytes.writeUInt32BE(0x3b9aca00);
  bytes.writeUInt16BE(seed, 4);
  bytes.writeUInt8(kinds[kind], 6);
  bytes.writeUIntBE(index, 7, 5);
  return new mongoose.Types.ObjectId(bytes);
}

const picked = <T>(list: readonly T[], random: () => number): T =>
  // `random` is below 1 and the lists are not empty.
  list[Math.floor(random() * list.length)] as T;

const firstNames = ['Ada', 'Ben', 'Cleo', 'Dev', 'Elif', 'Finn', 'Gia', 'Hugo', 'Ines', 'Jun', 'Kofi', 'Lea'];
const lastNames = [
  'Abel',
  'Brandt',
  'Costa',
  'Dahl',
  'Evans',
  'Fischer',
  'Garcia',
  'Haddad',
  'Ito',
  'Jensen',
];

/** The people; the first of them is an administrator. */
export function madeUpPeople(plan: Plan): StoredUser[] {
  const random = chance(plan.seed);
  const createdAt = new Date(plan.now.getTime() - 1_100 * dayMs);
  return Array.from({ length: plan.people }, (_, index) => {
    const first = picked(firstNames, random);
    const name = `${first} ${picked(lastNames, random)}`;
    const email = `${first.toLowerCase()}.${String(index + 1)}@seed${String(plan.seed)}.example.com`;
    return {
      _id: madeUpId(plan, 'user', index),
      name,
      ...emailFields(email),
      ...searchFields(name, email),
      avatar: null,
      timeZone: 'UTC',
      roles: index === 0 ? ['admin'] : [],
      disabled: false,
      deletedAt: null,
      version: 1,
      createdAt,
      updatedAt: createdAt,
    };
  });
}

const themes = [
  'Website',
  'Billing',
  'Mobile app',
  'Hiring',
  'Office move',
  'Data warehouse',
  'Support',
  'Launch',
];
const mostInProject = 9;

/** The projects: each of the people owns some and is in others. */
export function madeUpProjects(plan: Plan, people: readonly StoredUser[]): StoredProject[] {
  const random = chance(plan.seed + 1);
  return Array.from({ length: plan.projects }, (_, index) => {
    const createdAt = new Date(plan.now.getTime() - 1_050 * dayMs);
    const name = `${picked(themes, random)} ${String(index + 1)}`;
    // Everyone in turn, and the people after them: nobody twice.
    const inIt = Array.from(
      { length: Math.min(people.length, mostInProject) },
      (_place, place) => people[(index + place) % people.length] as StoredUser,
    );
    const ownerId = (inIt[0] as StoredUser)._id;
    return {
      _id: madeUpId(plan, 'project', index),
      key: keyOf(index),
      name,
      nameKey: nameKeyOf(name),
      description: '',
      status: 'active',
      statuses: [...defaultStatuses],
      ownerId,
      members: inIt.map(({ _id }, place) => ({
        userId: _id,
        role: place === 0 ? 'owner' : place === 1 ? 'manager' : place === 8 ? 'viewer' : 'member',
        since: createdAt,
      })),
      deletedAt: null,
      version: 1,
      createdAt,
      updatedAt: createdAt,
    };
  });
}

/** S and at least three letters, no two alike. */
function keyOf(index: number): string {
  let letters = '';
  for (let rest = index; letters.length < 3 || rest > 0; rest = Math.floor(rest / 26))
    letters = String.fromCharCode(65 + (rest % 26)) + letters;
  return `S${letters}`;
}

/** How many tasks the project at this place gets. */
export const tasksIn = ({ tasks, projects }: Plan, index: number): number =>
  Math.floor(tasks / projects) + (index < tasks % projects ? 1 : 0);

const verbs = ['Write', 'Fix', 'Review', 'Plan', 'Test', 'Ship', 'Draw', 'Call', 'Translate', 'Measure'];
const things = [
  'page',
  'invoice',
  'login',
  'report',
  'schedule',
  'backup',
  'banner',
  'contract',
  'import',
  'index',
];
const text = 'Everybody who had a say has said it; what is left is to do it and to tell them.';

/** The tasks of a project as a team leaves them: most are done, a third has a due date, one in a hundred is in the trash. */
export function* madeUpTasks(
  plan: Plan,
  project: StoredProject,
  index: number,
  firstTask: number,
): Generator<StoredTask> {
  const random = chance(plan.seed * 1_000_003 + index);
  const workers = project.members.filter(({ role }) => role !== 'viewer').map(({ userId }) => userId);
  const now = plan.now.getTime();
  const count = tasksIn(plan, index);
  for (let number = 1; number <= count; number += 1) {
    // In the order of their numbers, over a thousand days.
    const createdAt = new Date(now - Math.floor(((count - number + random()) / count) * 1_000 * dayMs));
    const status = random() < 0.55 ? lastOf(project.statuses) : picked(project.statuses, random);
    const priority = random() < 0.5 ? 'none' : picked(priorities, random);
    const dueDay =
      random() < 0.35 ? new Date(createdAt.getTime() + Math.floor(random() * 120) * dayMs) : null;
    const dueDate = dueDay === null ? null : dueDay.toISOString().slice(0, 10);
    const isTrashed = random() < 0.01;
    const updatedAt = new Date(createdAt.getTime() + Math.floor(random() * (now - createdAt.getTime())));
    const title = `${picked(verbs, random)} the ${picked(things, random)} ${String(number)}`;
    yield {
      _id: madeUpId(plan, 'task', firstTask + number - 1),
      projectId: project._id,
      number,
      ...titleFields(title),
      description: random() < 0.2 ? text : '',
      status: status.key,
      category: status.category,
      ...priorityFields(priority),
      assigneeId: random() < 0.3 ? null : picked(workers, random),
      ...dueFields(dueDate),
      rank: rankAtEnd(number),
      createdBy: picked(workers, random),
      completedAt: status.category === 'done' ? updatedAt : null,
      deletedAt: isTrashed ? updatedAt : null,
      trashed: isTrashed,
      version: 1,
      createdAt,
      updatedAt,
    };
  }
}

const lastOf = <T>(list: readonly T[]): T =>
  // Every project has statuses.
  list.at(-1) as T;
