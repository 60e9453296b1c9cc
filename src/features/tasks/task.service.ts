import mongoose from 'mongoose';
import type { z } from 'zod';
import {
  admitChange,
  authorize,
  requireOpen,
  isAtLeast,
  roleIn,
  type KnownProject,
  type ProjectStatus,
} from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import { Problem, refuseChangedFields } from '../../errors/index.ts';
import { fieldChanges } from '../../events/index.ts';
import type { Ctx, Writing } from '../../context.ts';
import { definedOnly } from '../../schemas/defined-only.ts';
import { enterProject, restorableSince } from '../projects/index.ts';
import { rankAtEnd } from './rank.ts';
import { reserveNumber } from './task-counter.service.ts';
import { loadTask } from './task-entry.service.ts';
import { recordedFields, eventNameFor } from './task.events.ts';
import { TaskModel, type StoredTask } from './task.model.ts';
import type { TaskInProject } from './task.presenter.ts';
import type { TaskCreate, TaskReplace, TaskUpdate } from './task.schema.ts';
import { dueFields, priorityFields, titleFields } from './task-fields.service.ts';
import { recordTask } from './task-record.service.ts';

type W = Writing<Ctx>;

/** Makes a task at the end of its column. Throws `task.unknown_project`, `task.unknown_status`, `task.assignee_not_eligible`. */
export async function createTask(ctx: W, draft: z.output<typeof TaskCreate>): Promise<TaskInProject> {
  const project = await enterNamedProject(ctx, draft.projectId);
  authorize(ctx, 'task.create', project);
  requireOpen('task.create', project);
  const status = statusOf(project, draft.status);
  const assigneeId = assigneeOf(project, draft.assigneeId);
  const { number, rank } = await reserveNumber(ctx.work, draft.projectId);
  const task = ctx.work.insert(TaskModel, {
    _id: new mongoose.Types.ObjectId(),
    projectId: project._id,
    number,
    ...titleFields(draft.title),
    description: draft.description,
    status: status.key,
    category: status.category,
    ...priorityFields(draft.priority),
    assigneeId,
    ...dueFields(draft.dueDate),
    rank: rankAtEnd(rank),
    createdBy: objectId(ctx.actor.userId),
    completedAt: status.category === 'done' ? ctx.now() : null,
    deletedAt: null,
    trashed: false,
  });
  recordTask(ctx.work, 'task.created', undefined, task);
  return { task, project };
}

/** Changes some fields. Throws `access.denied`, `resource.changed` and what `createTask` throws. */
export async function updateTask(
  ctx: W,
  id: string,
  patch: z.output<typeof TaskUpdate>,
): Promise<TaskInProject> {
  const { task, project } = await enterForUpdate(ctx, id);
  const { description, priority, ...others } = patch;
  return changeTask(ctx, project, task, {
    ...definedOnly(others),
    ...(description !== undefined && { description: description ?? '' }),
    ...(priority !== undefined && { priority: priority ?? 'none' }),
  });
}

/** Sets all writable fields. Throws also `resource.read_only_field`. */
export async function replaceTask(
  ctx: W,
  id: string,
  body: z.output<typeof TaskReplace>,
): Promise<TaskInProject> {
  const { task, project } = await enterForUpdate(ctx, id);
  const fixed = {
    id: task._id.toHexString(),
    projectId: task.projectId.toHexString(),
    createdBy: task.createdBy.toHexString(),
    createdAt: task.createdAt.toISOString(),
  };
  refuseChangedFields(body, fixed, ['id', 'projectId', 'createdBy', 'createdAt']);
  const { title, description, status, priority, assigneeId, dueDate } = body;
  return changeTask(ctx, project, task, { title, description, status, priority, assigneeId, dueDate });
}

async function enterForUpdate(ctx: W, id: string): Promise<TaskInProject> {
  const found = await loadTask(ctx, id);
  await admitChange(ctx, 'task.update', found.project, found.task);
  return found;
}

type Changes = Partial<
  Pick<
    z.output<typeof TaskReplace>,
    'title' | 'description' | 'status' | 'priority' | 'assigneeId' | 'dueDate'
  >
>;

async function changeTask(
  ctx: W,
  project: KnownProject,
  before: StoredTask,
  changes: Changes,
): Promise<TaskInProject> {
  const patch: Partial<StoredTask> = {};
  if (changes.title !== undefined) Object.assign(patch, titleFields(changes.title));
  if (changes.description !== undefined) patch.description = changes.description;
  if (changes.priority !== undefined) Object.assign(patch, priorityFields(changes.priority));
  if (changes.dueDate !== undefined) Object.assign(patch, dueFields(changes.dueDate));
  // Judged only when it changes: a task keeps an assignee who was demoted meanwhile.
  const isReassigned =
    changes.assigneeId !== undefined && changes.assigneeId !== (before.assigneeId?.toHexString() ?? null);
  if (isReassigned) patch.assigneeId = assigneeOf(project, changes.assigneeId ?? null);
  // The rank stays: the order is one for the whole project, so the task has its place in the other column too.
  if (changes.status !== undefined && changes.status !== before.status) {
    Object.assign(patch, statusFields(ctx, project, before, changes.status));
  }
  return { task: saveTask(ctx, before, patch), project };
}

/** Writes a change with its event; what changes nothing writes nothing. */
export function saveTask(ctx: W, before: StoredTask, patch: Partial<StoredTask>): StoredTask {
  if (fieldChanges(before, { ...before, ...patch }, recordedFields).length === 0) return before;
  const after = ctx.work.update(TaskModel, before, patch);
  recordTask(ctx.work, eventNameFor(before, after), before, after);
  return after;
}

/** Moves the task to the trash. Throws `access.denied`, `resource.changed`. */
export async function deleteTask(ctx: W, id: string): Promise<void> {
  const { task, project } = await loadTask(ctx, id);
  await admitChange(ctx, 'task.delete', project, task, { authorId: task.createdBy.toHexString() });
  const after = ctx.work.update(TaskModel, task, { trashed: true, deletedAt: ctx.now() });
  recordTask(ctx.work, 'task.deleted', task, after);
}

/** Takes the task out of the trash, to where it was; one that is not in it stays as it is. Throws `task.not_found` after too long. */
export async function restoreTask(ctx: W, id: string): Promise<TaskInProject> {
  const { task, project } = await loadTask(ctx, id, { trashed: true });
  const since = restorableSince(ctx.now(), ctx.deps.config);
  if (task.deletedAt !== null && task.deletedAt < since) throw new Problem('task.not_found');
  await admitChange(ctx, 'task.delete', project, task, { authorId: task.createdBy.toHexString() });
  if (!task.trashed) return { task, project };
  const after = ctx.work.update(TaskModel, task, { trashed: false, deletedAt: null });
  recordTask(ctx.work, 'task.restored', task, after);
  return { task: after, project };
}

/** The stored fields of a status of the project. Throws `task.unknown_status`. */
export function statusFields(
  ctx: W,
  project: KnownProject,
  before: StoredTask,
  key: string,
): Partial<StoredTask> {
  const { category } = statusOf(project, key);
  const completedAt = category === 'done' ? (before.completedAt ?? ctx.now()) : null;
  return { status: key, category, completedAt };
}

function statusOf(project: KnownProject, key: string | undefined): ProjectStatus {
  const { statuses } = project;
  const status =
    key === undefined
      ? (statuses.find((one) => one.category === 'todo') ?? statuses[0])
      : statuses.find((one) => one.key === key);
  if (status !== undefined) return status;
  throw new Problem('task.unknown_status', {
    errors: [
      { pointer: '/body/status', detail: `must be one of ${statuses.map((one) => one.key).join(', ')}` },
    ],
  });
}

function assigneeOf(project: KnownProject, assigneeId: string | null) {
  if (assigneeId === null) return null;
  const role = roleIn(project, assigneeId);
  if (role !== undefined && isAtLeast(role, 'member')) return objectId(assigneeId);
  throw new Problem('task.assignee_not_eligible', {
    errors: [{ pointer: '/body/assigneeId', detail: 'is not a member, manager or owner of the project' }],
  });
}

/** A project named in the body: one the actor cannot see is refused like one that does not exist. */
async function enterNamedProject(ctx: W, projectId: string): Promise<KnownProject> {
  try {
    return await enterProject(ctx, projectId);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'project.not_found') throw error;
    throw new Problem('task.unknown_project', {
      errors: [{ pointer: '/body/projectId', detail: 'is no project of yours' }],
    });
  }
}
