import mongoose, { type Types } from 'mongoose';
import type { ProjectMember } from '../../src/access/index.ts';
import type { BaseCtx, Writing } from '../../src/context.ts';
import { rehearse } from '../../src/db/unit-of-work.ts';
import type { Deps } from '../../src/deps.ts';
import { nameKeyOf } from '../../src/features/projects/name-key.ts';
import { mostMembers } from '../../src/features/members/member.service.ts';
import { claimKey, releaseKey } from '../../src/features/projects/project-key.service.ts';
import { recordMember, recordProject } from '../../src/features/projects/project-record.service.ts';
import { CounterModel, ProjectModel, type StoredProject } from '../../src/features/projects/project.model.ts';
import { rankScale } from '../../src/features/tasks/rank.ts';
import { dueFields, priorityFields, titleFields } from '../../src/features/tasks/task-fields.service.ts';
import { TaskModel, type StoredTask } from '../../src/features/tasks/task.model.ts';
import { recordTask } from '../../src/features/tasks/task-record.service.ts';
import { findUserByEmail, type StoredUser } from '../../src/features/users/index.ts';
import { inOneWork } from '../operator.ts';
import type { Exported, TaskLine } from './lines.ts';

type W = Writing<BaseCtx>;

/** How a project is imported. */
export interface ImportOptions {
  owner: StoredUser;
  /** Another key than the project had. */
  key?: string | undefined;
  /** Whether people without an account are left out instead of refused. */
  unassignUnknown: boolean;
  dryRun: boolean;
}

/** What was imported, or would be. */
export interface ImportReport {
  id: string | undefined;
  key: string;
  members: number;
  tasks: number;
  unassigned: number;
  unknown: string[];
}

const tasksAtOnce = 200;

/**
 * Makes a project from an exported one, with new ids, the same numbers and the same order. It stays in the trash until its last
 * task is stored, so that nobody ever sees half of it. Throws when people are unknown or the owner has used the key.
 */
export async function importProject(
  deps: Deps,
  exported: Exported,
  options: ImportOptions,
): Promise<ImportReport> {
  const people = await peopleOf(exported);
  const unknown = [...people].filter(([, user]) => user === null).map(([email]) => email);
  if (unknown.length > 0 && !options.unassignUnknown)
    throw new Error(
      [
        'These people have no account here; make one for each, or leave them out with --unassign-unknown:',
        ...unknown,
      ].join('\n  - '),
    );
  const project = projectFrom(exported, people, options, deps.clock.now());
  const tasks = exported.tasks.map((line) => taskFrom(line, project, people));
  const unassigned = tasks.filter(
    ({ assigneeId }, at) => assigneeId === null && exported.tasks[at]?.assignee != null,
  );
  const report = {
    key: project.key,
    members: project.members.length,
    tasks: tasks.length,
    unassigned: unassigned.length,
    unknown,
  };
  if (options.dryRun) {
    await inOneWork(deps, (ctx) => begin(ctx, project, exported.tasks), rehearse);
    return { ...report, id: undefined };
  }
  await inOneWork(deps, (ctx) => begin(ctx, project, exported.tasks));
  try {
    for (let from = 0; from < tasks.length; from += tasksAtOnce) {
      const some = tasks.slice(from, from + tasksAtOnce);
      await inOneWork(deps, async (ctx) => {
        for (const task of some) add(ctx, task);
      });
    }
    await inOneWork(deps, async (ctx) => finish(ctx, project));
  } catch (error) {
    // What is there stays in the trash and goes with it; its key is free for another try.
    await inOneWork(deps, async ({ work }) => releaseKey(work, project.ownerId, project.key)).catch(
      () => undefined,
    );
    throw error;
  }
  return { ...report, id: project._id.toHexString() };
}

type People = Map<string, StoredUser | null>;

async function peopleOf({ members, tasks }: Exported): Promise<People> {
  const people: People = new Map();
  const emails = [...members.map(({ email }) => email), ...tasks.flatMap(({ assignee }) => assignee ?? [])];
  for (const email of new Set(emails)) people.set(email, await findUserByEmail(email));
  // Who made a task is history: without an account here it is the owner's.
  for (const { createdBy } of tasks)
    if (createdBy !== null && !people.has(createdBy)) {
      const user = await findUserByEmail(createdBy);
      if (user !== null) people.set(createdBy, user);
    }
  return people;
}

function projectFrom(
  { project, members: lines }: Exported,
  people: People,
  { owner, key }: ImportOptions,
  now: Date,
): StoredProject {
  const members: ProjectMember[] = [{ userId: owner._id, role: 'owner', since: now }];
  for (const { email, role, since } of lines) {
    const user = people.get(email);
    if (user == null || members.some(({ userId }) => userId.equals(user._id))) continue;
    members.push({ userId: user._id, role: role === 'owner' ? 'manager' : role, since: new Date(since) });
  }
  if (members.length > mostMembers) throw new Error(`A project has at most ${String(mostMembers)} members.`);
  return {
    _id: new mongoose.Types.ObjectId(),
    key: key ?? project.key,
    name: project.name,
    nameKey: nameKeyOf(project.name),
    description: project.description,
    status: project.status,
    statuses: project.statuses,
    ownerId: owner._id,
    members,
    deletedAt: now,
    version: 1,
    createdAt: new Date(project.createdAt),
    updatedAt: now,
  };
}

function taskFrom(line: TaskLine, project: StoredProject, people: People): StoredTask {
  const memberNamed = (email: string | null): Types.ObjectId | null => {
    const user = email === null ? null : (people.get(email) ?? null);
    return user !== null && project.members.some(({ userId }) => userId.equals(user._id)) ? user._id : null;
  };
  // Held against the project's statuses when the file was read.
  const category = project.statuses.find(({ key }) => key === line.status)?.category ?? 'todo';
  const updatedAt = new Date(line.updatedAt);
  const deletedAt = line.deletedAt === null ? null : new Date(line.deletedAt);
  return {
    _id: new mongoose.Types.ObjectId(),
    projectId: project._id,
    number: line.number,
    ...titleFields(line.title),
    description: line.description,
    status: line.status,
    category,
    ...priorityFields(line.priority),
    assigneeId: memberNamed(line.assignee),
    ...dueFields(line.dueDate),
    rank: line.rank,
    createdBy: (line.createdBy === null ? null : people.get(line.createdBy)?._id) ?? project.ownerId,
    completedAt: category === 'done' ? new Date(line.completedAt ?? line.updatedAt) : null,
    deletedAt,
    trashed: deletedAt !== null,
    version: 1,
    createdAt: new Date(line.createdAt),
    updatedAt,
  };
}

async function begin(ctx: W, project: StoredProject, tasks: readonly TaskLine[]): Promise<void> {
  const { work } = ctx;
  await claimKey(work, project.ownerId, project.key);
  work.insertPlain(ProjectModel, project);
  const number = tasks.reduce((most, task) => Math.max(most, task.number), 0);
  // Beyond all of them, so that the next task comes last.
  const rank = tasks.reduce((most, task) => Math.max(most, rankScale.read(task.rank)), 0) + 1;
  work.insertPlain(CounterModel, { _id: project._id, number, rank });
  recordProject(ctx, 'project.created', undefined, project);
  for (const { userId, role } of project.members.slice(1))
    recordMember(ctx, project, { userId, from: null, to: role });
}

function add({ work }: W, task: StoredTask): void {
  work.insertPlain(TaskModel, task);
  recordTask(work, 'task.created', undefined, task);
}

function finish(ctx: W, project: StoredProject): void {
  const after = ctx.work.update(ProjectModel, project, { deletedAt: null });
  recordProject(ctx, 'project.restored', project, after);
}
