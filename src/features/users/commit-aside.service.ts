import { unitOfWork, type Work } from '../../db/unit-of-work.ts';
import type { BaseCtx, Writing } from '../../context.ts';

/** Commits on its own what must stay although the request is about to be refused. */
export function commitAside<C extends BaseCtx>(
  ctx: C,
  act: (aside: Writing<C>) => void | Promise<void>,
): Promise<void> {
  const origin = {
    actorId: null,
    requestId: ctx.requestId,
    operationId: ctx.operationId,
    now: ctx.now,
  };
  return unitOfWork(origin, async (work: Work) => act({ ...ctx, work }));
}
