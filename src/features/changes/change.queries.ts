import type { QueryFilter, Types } from 'mongoose';
import type { Caches } from '../../caches.ts';
import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import {
  logCursors,
  logHead,
  logTail,
  readLog,
  type LogCursors,
  type NumberedEvent,
  type StoredEvent,
} from '../../events/index.ts';
import { peopleBehind } from '../activity/index.ts';
import { presentChange, type ChangeEntry } from './change.presenter.ts';
import { sightOf } from './change-sight.ts';

/** Who asks for what happened, and where. */
export interface FeedQuestion {
  userId: string;
  projectId?: string | undefined;
}

/** A stretch of the feed. */
export interface FeedPage {
  entries: ChangeEntry[];
  /** The number of the last event that has been looked at. */
  next: number;
  hasMore: boolean;
}

/** Events of everybody looked at for one page. */
const scanBudget = 5_000;
/** Events read at once: a long description makes an event large. */
const readAtOnce = 50;
/** Characters of field changes after which a page ends. */
const pageBudget = 1_000_000;

/** The cursors of a question, for the feed and for the stream. */
export const feedCursors = ({ userId, projectId }: FeedQuestion): LogCursors =>
  logCursors(`changes ${userId} ${projectId ?? ''}`);

/** The end of the log. */
export const feedHead = logHead;

/** The number before the oldest event that is kept. */
export const feedStart = async (): Promise<number> => Math.max(0, (await logTail()) - 1);

/**
 * Checks that the log can be followed from a number on; gives its end.
 * Throws `changes.expired` when events after it are gone, `request.invalid_cursor` when it has not been reached.
 */
export async function requireFollowable(after: number): Promise<number> {
  const head = await logHead();
  if (after > head)
    throw new Problem('request.invalid_cursor', {
      detail: 'This cursor is ahead of everything that happened.',
    });
  if (after < head && (await logTail()) > after + 1) {
    throw new Problem('changes.expired', {
      hint: 'Ask for `since=now`, load what you need by the lists, then go on from that cursor.',
    });
  }
  return head;
}

/** What one user can see of what happened after a number, by their rights of now. Throws what `requireFollowable` throws. */
export async function readFeed(
  question: FeedQuestion,
  caches: Pick<Caches, 'visibleProjects'>,
  { after, limit }: { after: number; limit: number },
): Promise<FeedPage> {
  const head = await requireFollowable(after);
  const { userId, projectId } = question;
  const visible = ((await caches.visibleProjects.get(userId)) ?? []).map(({ _id }) => _id);
  const sees = new Set(visible.map((id) => id.toHexString()));
  // One project has an index of its own; elsewhere the walk passes by the events of everybody.
  const upTo = projectId === undefined ? Math.min(head, after + scanBudget) : head;
  const filter = filterFor(question, visible);
  const seen: { event: NumberedEvent; sight: Exclude<ReturnType<typeof sightOf>, undefined> }[] = [];
  let next = after;
  let size = 0;
  while (next < upTo && seen.length < limit && size < pageBudget) {
    const wanted = Math.min(readAtOnce, limit - seen.length);
    const events = await readLog({ after: next, upTo, filter, limit: wanted });
    for (const event of events) {
      const sight = sightOf(event, userId, sees.has(String(event.projectId)));
      if (sight !== undefined) seen.push({ event, sight });
      size += sizeOf(event);
    }
    next = events.length < wanted ? upTo : (events.at(-1)?.seq ?? upTo);
  }
  const people = await peopleBehind(seen.map(({ event }) => event));
  return {
    entries: seen.map(({ event, sight }) => presentChange(event, sight, people)),
    next,
    hasMore: next < head,
  };
}

/** What may be for the user; `sightOf` decides. */
function filterFor(
  { userId, projectId }: FeedQuestion,
  visible: readonly Types.ObjectId[],
): QueryFilter<StoredEvent> {
  if (projectId !== undefined) return { projectId: objectId(projectId) };
  return {
    $or: [
      { projectId: { $in: [...visible] } },
      { 'subject.id': userId, 'subject.type': { $in: ['member', 'user'] } },
      { 'data.memberIds': userId },
    ],
  };
}

const sizeOf = ({ changes }: NumberedEvent): number =>
  changes.reduce((sum, { from, to }) => sum + lengthOf(from) + lengthOf(to), 0);

const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0);
