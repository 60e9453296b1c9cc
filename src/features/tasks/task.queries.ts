import type { QueryFilter, Types } from 'mongoose';
import type { z } from 'zod';
import type { KnownProject } from '../../access/index.ts';
import { oneOf, walkCandidates, type Walk } from '../../db/keyset.ts';
import { piecesOf, walkParts } from '../../db/keyset-parts.ts';
import { storedBytes } from '../../db/keyset-rows.ts';
import type { StoredBytes } from '../../db/bson-bytes.ts';
import { Problem } from '../../errors/index.ts';
import type { Ctx } from '../../context.ts';
import type { Page } from '../../schemas/common.ts';
import { enterProject, restorableSince } from '../projects/index.ts';
import { findUser } from '../users/index.ts';
import { sortOf, splitFilter, type TaskFilters } from './task-filter.ts';
import { readSearch } from './task-search.ts';
import { TaskModel, type StoredTask } from './task.model.ts';
import type { TaskInProject } from './task.presenter.ts';
import type { TaskFilter } from './task.schema.ts';

/** A word with at most this many tasks is looked up first and its tasks are sorted here. */
const rareEnough = 1_000;

/** A page of tasks as they are stored, with the projects they are in by id. */
export interface FoundTasks extends Page<StoredBytes> {
  projects: ReadonlyMap<string, KnownProject>;
}

/** One page of the tasks the caller can see. Throws `project.not_found`, `request.invalid_cursor`. */
export async function listTasks(ctx: Ctx, query: z.output<typeof TaskFilter>): Promise<FoundTasks> {
  const { limit, cursor, count, sort: parameter, projectId, q, ...filters } = query;
  const visible = await projectsInScope(ctx, projectId);
  const search = q === undefined ? { projects: visible, conditions: [] } : readSearch(q, visible);
  const sort = sortOf(parameter);
  const reader = {
    userId: ctx.actor.userId,
    timeZone: await timeZoneFor(ctx, filters.overdue),
    now: ctx.now(),
    restorableSince: restorableSince(ctx.now(), ctx.deps.config),
  };
  const { indexed, residual, index } = splitFilter(filters, sort, reader);
  const projectIds = search.projects.map((project) => project._id);
  const scope = { projectId: oneOf(projectIds) };
  const question: Walk<StoredTask> = {
    model: TaskModel,
    filter: indexed,
    index,
    ...allOf(residual, search.conditions),
    sort,
    page: { limit, cursor, count },
    binding: JSON.stringify(['tasks', projectId, q, filters, parameter]),
  };
  const rare = await rarestCondition({ ...scope, trashed: filters.deleted === true }, search.conditions);
  const page =
    rare === undefined
      ? await walkParts(question, partsOf(projectIds, filters), storedBytes())
      : await walkCandidates(question, rare, storedBytes());
  return { ...page, projects: new Map(visible.map((project) => [project._id.toHexString(), project])) };
}

/** How many ranges of an index a server merges for one command. */
const mostRanges = 200;

/** Every project times every status or assignee is one range; each part stays within what a server merges. */
function partsOf(projectIds: readonly Types.ObjectId[], filters: TaskFilters): QueryFilter<StoredTask>[] {
  const values = Math.max(filters.status?.length ?? 1, filters.assigneeId?.length ?? 1);
  return piecesOf(projectIds, Math.floor(mostRanges / values)).map((piece) => ({ projectId: oneOf(piece) }));
}

async function projectsInScope(ctx: Ctx, projectId: string | undefined): Promise<KnownProject[]> {
  if (projectId !== undefined) return [await enterProject(ctx, projectId)];
  return (await ctx.deps.caches.visibleProjects.get(ctx.actor.userId)) ?? [];
}

/** Only `overdue` asks what day it is for the reader. */
async function timeZoneFor(ctx: Ctx, overdue: boolean | undefined): Promise<string> {
  if (overdue === undefined) return 'UTC';
  return (await findUser(ctx.actor.userId))?.timeZone ?? 'UTC';
}

function allOf(...lists: QueryFilter<StoredTask>[][]): { residual?: QueryFilter<StoredTask> } {
  const conditions = lists.flat();
  return conditions.length === 0 ? {} : { residual: { $and: conditions } };
}

/** The search condition with the fewest tasks, if it is rare; otherwise the walk in sort order finds enough of them. */
async function rarestCondition(
  scope: QueryFilter<StoredTask>,
  conditions: QueryFilter<StoredTask>[],
): Promise<QueryFilter<StoredTask> | undefined> {
  let rarest: { filter: QueryFilter<StoredTask>; count: number } | undefined;
  for (const condition of conditions) {
    const filter = { ...scope, ...condition };
    const count = await TaskModel.countDocuments(filter, { limit: rareEnough + 1 });
    if (count <= rareEnough && count < (rarest?.count ?? Infinity)) rarest = { filter, count };
  }
  return rarest?.filter;
}

/** A task of a project by its key, such as WEB-12. Throws `project.not_found`, `task.not_found`. */
export async function readTaskByKey(ctx: Ctx, projectId: string, key: string): Promise<TaskInProject> {
  const project = await enterProject(ctx, projectId);
  const [prefix, digits] = key.split('-');
  const scope = { projectId: project._id, trashed: false, number: Number(digits) };
  const task = prefix === project.key ? await TaskModel.findOne(scope).lean<StoredTask>() : null;
  if (task === null) throw new Problem('task.not_found');
  return { task, project };
}
