import type { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { ok } from '../../http/endpoint.ts';
import { listProjectActivity, listTaskActivity } from './activity.queries.ts';
import type { ActivityPath, ActivityQuery } from './activity.schema.ts';

interface Asked {
  params: z.output<typeof ActivityPath>;
  query: z.output<typeof ActivityQuery>;
}

/** GET /tasks/:id/activity */
export const ofTask = async ({ params, query }: Asked, ctx: Ctx) =>
  ok(await listTaskActivity(ctx, params.id, query));

/** GET /projects/:id/activity */
export const ofProject = async ({ params, query }: Asked, ctx: Ctx) =>
  ok(await listProjectActivity(ctx, params.id, query));
