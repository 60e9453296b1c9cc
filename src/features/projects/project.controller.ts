import type { z } from 'zod';
import type { Ctx, Writing } from '../../context.ts';
import { created, noContent, ok } from '../../http/endpoint.ts';
import { loadProject } from './project-entry.service.ts';
import { presentProject } from './project.presenter.ts';
import { listProjects } from './project.queries.ts';
import type {
  ProjectCreate,
  ProjectFilter,
  ProjectPath,
  ProjectReplace,
  ProjectUpdate,
  Transfer,
} from './project.schema.ts';
import * as service from './project.service.ts';

type W = Writing<Ctx>;
type Path = { params: z.output<typeof ProjectPath> };
type Body<S extends z.ZodType> = { body: z.output<S> };

/** GET /projects */
export async function list({ query }: { query: z.output<typeof ProjectFilter> }, ctx: Ctx) {
  const page = await listProjects(ctx, query);
  return ok({ ...page, items: page.items.map((project) => presentProject(ctx, project)) });
}

/** POST /projects */
export async function create({ body }: Body<typeof ProjectCreate>, ctx: W) {
  const project = presentProject(ctx, await service.createProject(ctx, body));
  return created(project, `/api/projects/${project.id}`);
}

/** GET /projects/:id */
export async function read({ params }: Path, ctx: Ctx) {
  return ok(presentProject(ctx, await loadProject(ctx, params.id)));
}

/** PATCH /projects/:id */
export async function update({ params, body }: Path & Body<typeof ProjectUpdate>, ctx: W) {
  return ok(presentProject(ctx, await service.updateProject(ctx, params.id, body)));
}

/** PUT /projects/:id */
export async function replace({ params, body }: Path & Body<typeof ProjectReplace>, ctx: W) {
  return ok(presentProject(ctx, await service.replaceProject(ctx, params.id, body)));
}

/** DELETE /projects/:id */
export async function remove({ params }: Path, ctx: W) {
  await service.deleteProject(ctx, params.id);
  return noContent();
}

/** POST /projects/:id/restore */
export async function restore({ params }: Path, ctx: W) {
  return ok(presentProject(ctx, await service.restoreProject(ctx, params.id)));
}

/** POST /projects/:id/transfer */
export async function transfer({ params, body }: Path & Body<typeof Transfer>, ctx: W) {
  return ok(presentProject(ctx, await service.transferProject(ctx, params.id, body.userId)));
}
