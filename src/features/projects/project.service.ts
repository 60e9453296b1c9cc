import mongoose from 'mongoose';
import type { z } from 'zod';
import { admitChange, authorize, requireVersion, type ProjectMember } from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import { Problem, refuseChangedFields } from '../../errors/index.ts';
import { fieldChanges } from '../../events/index.ts';
import type { Ctx, Writing } from '../../context.ts';
import { definedOnly } from '../../schemas/defined-only.ts';
import { findUsersById } from '../users/index.ts';
import { defaultStatuses } from './default-statuses.ts';
import { nameKeyOf } from './name-key.ts';
import {
  forgetAfterCommit,
  loadProject,
  loadProjectFromTrash,
  saveProject,
} from './project-entry.service.ts';
import { claimFreeKey, claimKey, releaseKey } from './project-key.service.ts';
import { recordMember, recordProject, writableFields } from './project-record.service.ts';
import { CounterModel, ProjectModel, type StoredProject } from './project.model.ts';
import type { ProjectCreate, ProjectReplace, ProjectUpdate } from './project.schema.ts';
import { restorableSince } from './trash.ts';

type W = Writing<Ctx>;

/** Makes a project owned by the actor. Throws `project.key_taken`, `member.unknown_user`. */
export async function createProject(ctx: W, draft: z.output<typeof ProjectCreate>): Promise<StoredProject> {
  const { work } = ctx;
  const ownerId = objectId(ctx.actor.userId);
  const members = await firstMembers(ctx, draft.collaboratorIds);
  if (draft.key !== undefined) await claimKey(work, ownerId, draft.key);
  const project = work.insert(ProjectModel, {
    _id: new mongoose.Types.ObjectId(),
    key: draft.key ?? (await claimFreeKey(work, ownerId, draft.name)),
    name: draft.name,
    nameKey: nameKeyOf(draft.name),
    description: draft.description,
    status: draft.status,
    statuses: [...defaultStatuses],
    ownerId,
    members,
    deletedAt: null,
  });
  work.insertPlain(CounterModel, { _id: project._id, number: 0, rank: 0 });
  recordProject(ctx, 'project.created', undefined, project);
  const others = members.filter(({ role }) => role !== 'owner');
  for (const { userId, role } of others) recordMember(ctx, project, { userId, from: null, to: role });
  forgetAfterCommit(ctx, [project]);
  ctx.shown.set(project._id.toHexString(), 'owner');
  return project;
}

async function firstMembers(ctx: W, collaboratorIds: readonly string[]): Promise<ProjectMember[]> {
  const since = ctx.now();
  const others = collaboratorIds.filter((id) => id !== ctx.actor.userId);
  const users = others.length === 0 ? [] : await findUsersById(others.map(objectId));
  const known = new Set(users.map((user) => user._id.toHexString()));
  const errors = collaboratorIds.flatMap((id, index) =>
    id === ctx.actor.userId || known.has(id)
      ? []
      : [{ pointer: `/body/collaboratorIds/${String(index)}`, detail: 'is no user' }],
  );
  if (errors.length > 0) throw new Problem('member.unknown_user', { errors });
  return [
    { userId: objectId(ctx.actor.userId), role: 'owner', since },
    ...others.map((id) => ({ userId: objectId(id), role: 'member' as const, since })),
  ];
}

/** Changes some fields. Throws `access.denied`, `project.archived`, `resource.changed`, `project.key_taken`. */
export async function updateProject(
  ctx: W,
  id: string,
  patch: z.output<typeof ProjectUpdate>,
): Promise<StoredProject> {
  const project = await loadProject(ctx, id);
  await admitEdit(ctx, project, patch.status);
  const { description, ...others } = patch;
  return applyChange(ctx, project, {
    ...definedOnly(others),
    ...(description !== undefined && { description: description ?? '' }),
  });
}

/** Sets all writable fields. Throws what `updateProject` throws and `resource.read_only_field`. */
export async function replaceProject(
  ctx: W,
  id: string,
  body: z.output<typeof ProjectReplace>,
): Promise<StoredProject> {
  const project = await loadProject(ctx, id);
  await admitEdit(ctx, project, body.status);
  const fixed = {
    id: project._id.toHexString(),
    ownerId: project.ownerId.toHexString(),
    createdAt: project.createdAt.toISOString(),
  };
  refuseChangedFields(body, fixed, ['id', 'ownerId', 'createdAt']);
  const { name, description, key, status } = body;
  return applyChange(ctx, project, { name, description, key, status });
}

/** An archived project admits nothing but another status; further changes may come with it. */
async function admitEdit(ctx: Ctx, project: StoredProject, status: string | undefined): Promise<void> {
  const unarchives = project.status === 'archived' && status !== undefined && status !== 'archived';
  await admitChange(ctx, unarchives ? 'project.unarchive' : 'project.update', project, project);
}

async function applyChange(
  ctx: W,
  before: StoredProject,
  patch: Partial<StoredProject>,
): Promise<StoredProject> {
  if (fieldChanges(before, { ...before, ...patch }, writableFields).length === 0) return before;
  if (patch.key !== undefined && patch.key !== before.key) {
    await claimKey(ctx.work, before.ownerId, patch.key, before._id);
    releaseKey(ctx.work, before.ownerId, before.key);
  }
  const after = saveProject(ctx, before, {
    ...patch,
    ...(patch.name !== undefined && { nameKey: nameKeyOf(patch.name) }),
  });
  recordProject(ctx, 'project.updated', before, after);
  return after;
}

/** Moves the project to the trash in one write; its tasks are hidden with it. */
export async function deleteProject(ctx: W, id: string): Promise<void> {
  const project = await loadProject(ctx, id);
  await admitChange(ctx, 'project.delete', project, project);
  const after = saveProject(ctx, project, { deletedAt: ctx.now() });
  recordProject(ctx, 'project.deleted', project, after);
}

/** Takes the project out of the trash; one that is not in it stays as it is. */
export async function restoreProject(ctx: W, id: string): Promise<StoredProject> {
  const project = await loadProjectFromTrash(ctx, id, restorableSince(ctx.now(), ctx.deps.config));
  // Without asking whether it is open: an archived project comes back archived.
  authorize(ctx, 'project.delete', project);
  await requireVersion(ctx, project);
  if (project.deletedAt === null) return project;
  const after = saveProject(ctx, project, { deletedAt: null });
  recordProject(ctx, 'project.restored', project, after);
  return after;
}

/** Makes a member the owner; the old owner becomes a manager. Throws `member.not_a_member`, `project.key_taken`. */
export async function transferProject(ctx: W, id: string, userId: string): Promise<StoredProject> {
  const project = await loadProject(ctx, id);
  await admitChange(ctx, 'project.transfer', project, project);
  if (userId === ctx.actor.userId) return project;
  await requireHeir(project, userId);
  await claimKey(ctx.work, objectId(userId), project.key, project._id);
  releaseKey(ctx.work, project.ownerId, project.key);
  const members = project.members.map((one) => {
    if (one.userId.toHexString() === userId) return { ...one, role: 'owner' as const };
    return one.role === 'owner' ? { ...one, role: 'manager' as const } : one;
  });
  const after = saveProject(ctx, project, { ownerId: objectId(userId), members });
  recordProject(ctx, 'project.updated', project, after);
  for (const [at, member] of members.entries()) {
    const before = project.members[at];
    if (before === undefined || member === before) continue;
    recordMember(ctx, after, { userId: member.userId, from: before.role, to: member.role });
  }
  return after;
}

/** An owner must be in the project and able to log in. Throws `member.not_a_member`. */
async function requireHeir(project: StoredProject, userId: string): Promise<void> {
  const isMember = project.members.some((one) => one.userId.toHexString() === userId);
  const [user] = isMember ? await findUsersById([objectId(userId)]) : [];
  if (user !== undefined && !user.disabled) return;
  const detail = isMember ? 'is a member whose account is disabled' : 'is no member of the project';
  throw new Problem('member.not_a_member', { errors: [{ pointer: '/body/userId', detail }] });
}
