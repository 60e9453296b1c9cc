import type { CommittedEvent } from '../../events/index.ts';
import { memberIdsOf } from '../../events/index.ts';

/** How an event looks to one user: as it is, as the project coming into sight or going out of it, or not at all. */
export type Sight = 'plain' | 'granted' | 'revoked' | undefined;

/** The part of an event that decides who sees it. */
type Told = Pick<CommittedEvent, 'name' | 'subject' | 'projectId' | 'data'>;

/** How the user sees the event, given whether they can see its project now. */
export function sightOf(event: Told, userId: string, seesProject: boolean): Sight {
  const { name, subject, projectId } = event;
  // Their own account; never the logins of anybody.
  if (subject.type === 'user') return name.startsWith('user.') && subject.id === userId ? 'plain' : undefined;
  if (projectId === null) return undefined;
  if (name === 'project.deleted' || name === 'project.restored') {
    if (!memberIdsOf(event).includes(userId)) return undefined;
    if (name === 'project.deleted') return 'revoked';
    return seesProject ? 'granted' : undefined;
  }
  if (subject.type === 'member' && subject.id === userId) {
    if (name === 'member.removed') return 'revoked';
    if (name === 'member.added') return seesProject ? 'granted' : undefined;
  }
  return seesProject ? 'plain' : undefined;
}
