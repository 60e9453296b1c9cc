import type { z } from 'zod';
import type { Ctx, Writing } from '../../context.ts';
import { created, noContent, ok } from '../../http/endpoint.ts';
import { loadTask } from './task-entry.service.ts';
import { moveTask } from './task-move.service.ts';
import { presentTask } from './task.presenter.ts';
import { presentTaskPage } from './task-page.presenter.ts';
import { listTasks, readTaskByKey } from './task.queries.ts';
import type {
  TaskCreate,
  TaskFilter,
  TaskKeyPath,
  TaskMove,
  TaskPath,
  TaskReplace,
  TaskUpdate,
} from './task.schema.ts';
import * as service from './task.service.ts';

type W = Writing<Ctx>;
type Path = { params: z.output<typeof TaskPath> };
type Body<S extends z.ZodType> = { body: z.output<S> };

/** GET /tasks */
export async function list({ query }: { query: z.output<typeof TaskFilter> }, ctx: Ctx) {
  return ok(presentTaskPage(ctx, await listTasks(ctx, query)));
}

/** POST /tasks */
export async function create({ body }: Body<typeof TaskCreate>, ctx: W) {
  const task = presentTask(ctx, await service.createTask(ctx, body));
  return created(task, `/api/tasks/${task.id}`);
}

/** GET /tasks/:id */
export async function read({ params }: Path, ctx: Ctx) {
  return ok(presentTask(ctx, await loadTask(ctx, params.id)));
}

/** GET /projects/:id/tasks/by-key/:key */
export async function readByKey({ params }: { params: z.output<typeof TaskKeyPath> }, ctx: Ctx) {
  return ok(presentTask(ctx, await readTaskByKey(ctx, params.id, params.key)));
}

/** PATCH /tasks/:id */
export async function update({ params, body }: Path & Body<typeof TaskUpdate>, ctx: W) {
  return ok(presentTask(ctx, await service.updateTask(ctx, params.id, body)));
}

/** PUT /tasks/:id */
export async function replace({ params, body }: Path & Body<typeof TaskReplace>, ctx: W) {
  return ok(presentTask(ctx, await service.replaceTask(ctx, params.id, body)));
}

/** DELETE /tasks/:id */
export async function remove({ params }: Path, ctx: W) {
  await service.deleteTask(ctx, params.id);
  return noContent();
}

/** POST /tasks/:id/restore */
export async function restore({ params }: Path, ctx: W) {
  return ok(presentTask(ctx, await service.restoreTask(ctx, params.id)));
}

/** POST /tasks/:id/move */
export async function move({ params, body }: Path & Body<typeof TaskMove>, ctx: W) {
  return ok(presentTask(ctx, await moveTask(ctx, params.id, body)));
}
