import type { z } from 'zod';
import type { Ctx } from '../../context.ts';
import { enterProject } from '../projects/index.ts';
import { feedCursors, feedHead, feedStart, readFeed, requireFollowable } from './change.queries.ts';
import type { ChangeQuery, StreamQuery } from './change.schema.ts';

/** A page of what the caller can see. Throws `project.not_found`, `request.invalid_cursor`, `changes.expired`. */
export async function listChanges(ctx: Ctx, { since, limit, projectId }: z.output<typeof ChangeQuery>) {
  if (projectId !== undefined) await enterProject(ctx, projectId);
  const question = { userId: ctx.actor.userId, projectId };
  const cursors = feedCursors(question);
  if (since === 'now') return { items: [], nextCursor: cursors.write(await feedHead()), hasMore: false };
  const after = since === undefined ? await feedStart() : cursors.read(since);
  const page = await readFeed(question, ctx.deps.caches, { after, limit });
  return { items: page.entries, nextCursor: cursors.write(page.next), hasMore: page.hasMore };
}

/**
 * Judges what a stream is asked for; gives where it begins. Throws `project.not_found`, `request.invalid_cursor`,
 * `changes.expired`.
 */
export async function startOfStream(
  ctx: Ctx,
  { projectId, lastEventId }: z.output<typeof StreamQuery>,
): Promise<{ projectId: string | undefined; after: number }> {
  if (projectId !== undefined) await enterProject(ctx, projectId);
  if (lastEventId === undefined) return { projectId, after: await feedHead() };
  const after = feedCursors({ userId: ctx.actor.userId, projectId }).read(lastEventId);
  await requireFollowable(after);
  return { projectId, after };
}
