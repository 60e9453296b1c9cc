import type { Types } from 'mongoose';
import type { StoredEvent } from './event.model.ts';

/** What an event keeps of a project's people, for those whose sight of the project it changes. */
export const withMemberIds = (members: readonly { userId: Types.ObjectId }[]) => ({
  memberIds: members.map(({ userId }) => userId.toHexString()),
});

/** Who was in the project when it went to the trash or came back, as its event says. */
export function memberIdsOf({ data }: Pick<StoredEvent, 'data'>): string[] {
  const ids = data['memberIds'];
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : [];
}

/** Whose account or session the event is about; undefined for everything else. */
export function accountIdOf({ subject, data }: Pick<StoredEvent, 'subject' | 'data'>): string | undefined {
  if (subject.type === 'user') return subject.id;
  const userId = subject.type === 'session' ? data['userId'] : undefined;
  return typeof userId === 'string' ? userId : undefined;
}
