import type { z } from 'zod';
import type { Ctx, Writing } from '../../context.ts';
import { created, ok } from '../../http/endpoint.ts';
import type { ChangeQuery, StreamQuery } from './change.schema.ts';
import * as service from './change.service.ts';
import { issueTicket } from './ticket.service.ts';

/** GET /changes */
export const list = async ({ query }: { query: z.output<typeof ChangeQuery> }, ctx: Ctx) =>
  ok(await service.listChanges(ctx, query));

/** POST /events/ticket */
export function ticket(_input: unknown, ctx: Writing<Ctx>) {
  const issued = issueTicket(ctx);
  return Promise.resolve(created(issued, `/api/events?ticket=${issued.ticket}`));
}

/** GET /events */
export async function stream(
  { query, lastEventId }: { query: z.output<typeof StreamQuery>; lastEventId: string | undefined },
  ctx: Ctx,
) {
  // A browser that reconnects sends the header, beside the address it was first given.
  const start = await service.startOfStream(ctx, { ...query, lastEventId: lastEventId ?? query.lastEventId });
  const { userId, sessionId } = ctx.actor;
  return ctx.deps.streams.admit({ userId, sessionId, ...start });
}
