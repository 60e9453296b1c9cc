import type { QueryFilter } from 'mongoose';
import type { z } from 'zod';
import type { Actor, KnownProject } from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import { walk } from '../../db/keyset.ts';
import type { Deps } from '../../deps.ts';
import type { Page } from '../../schemas/common.ts';
import { nameKeyOf } from './name-key.ts';
import { ProjectModel, type StoredProject } from './project.model.ts';
import type { ProjectFilter } from './project.schema.ts';
import { restorableSince } from './trash.ts';

const sortFields = { name: 'nameKey', createdAt: 'createdAt', updatedAt: 'updatedAt' } as const;

interface Reading {
  readonly actor: Actor;
  readonly deps: Pick<Deps, 'config'>;
  now(): Date;
}

/** One page of the caller's projects. */
export async function listProjects(
  ctx: Reading,
  { limit, cursor, count, sort, ...filters }: z.output<typeof ProjectFilter>,
): Promise<Page<StoredProject>> {
  const { field, direction } = sortOf(sort);
  return walk({
    model: ProjectModel,
    filter: { 'members.userId': objectId(ctx.actor.userId), ...filterOf(ctx, filters) },
    // Named, because the index of deletion times tempts planners to sort what they find there.
    index: { 'members.userId': 1, [sortFields[field]]: 1, _id: 1 },
    sort: { field: sortFields[field], direction },
    page: { limit, cursor, count },
    binding: JSON.stringify(['projects', filters, sort]),
  });
}

function sortOf(sort: string): { field: keyof typeof sortFields; direction: 1 | -1 } {
  // The schema admits the three fields only, with or without the sign.
  return {
    field: sort.replace('-', '') as keyof typeof sortFields,
    direction: sort.startsWith('-') ? -1 : 1,
  };
}

type Filters = Omit<z.output<typeof ProjectFilter>, 'limit' | 'cursor' | 'count' | 'sort'>;

function filterOf(ctx: Reading, { status, role, q, deleted }: Filters): QueryFilter<StoredProject> {
  const trashRoles = ['owner', 'manager'] as const;
  const roles =
    deleted === true ? trashRoles.filter((one) => role === undefined || role.includes(one)) : role;
  return {
    deletedAt: deleted === true ? { $gte: restorableSince(ctx.now(), ctx.deps.config) } : null,
    ...(status !== undefined && { status: { $in: status } }),
    ...(roles !== undefined && {
      members: { $elemMatch: { userId: objectId(ctx.actor.userId), role: { $in: roles } } },
    }),
    ...(q !== undefined && {
      $or: [{ nameKey: beginningWith(nameKeyOf(q)) }, { key: beginningWith(q.toUpperCase()) }],
    }),
  };
}

/** An anchored range: every text that begins with `prefix`; none when nothing is left of what was asked for. */
const beginningWith = (prefix: string) =>
  prefix === '' ? { $in: [] } : { $gte: prefix, $lt: `${prefix}\u{10ffff}` };

/** A project that is not in the trash, or null; whoever asks must judge whether the actor may see it. */
export async function findProject(id: string): Promise<KnownProject | null> {
  return ProjectModel.findOne({ _id: objectId(id), deletedAt: null }).lean<StoredProject>();
}

/** The projects (not in the trash) a user is a member of. */
export async function findVisibleProjects(userId: string): Promise<KnownProject[]> {
  return ProjectModel.find({ 'members.userId': objectId(userId), deletedAt: null }).lean<StoredProject[]>();
}

/** Whether the user is in the project at this moment, also while it is in the trash. */
export async function isMemberNow(projectId: string, userId: string): Promise<boolean> {
  const found = await ProjectModel.exists({ _id: objectId(projectId), 'members.userId': objectId(userId) });
  return found !== null;
}
