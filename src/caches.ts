import type { FreshCache, KnownProject, SessionFacts } from './access/index.ts';
import { accountIdOf, memberIdsOf, type CommittedEvent } from './events/index.ts';

/** What a process remembers, so that warm requests ask the database nothing about rights. */
export interface Caches {
  /** By session id; tagged with the user. */
  readonly sessions: FreshCache<SessionFacts>;
  /** By project id; projects in the trash are not found. */
  readonly projects: FreshCache<KnownProject>;
  /** By user id: the projects (not in the trash) the user is a member of; tagged with their ids. */
  readonly visibleProjects: FreshCache<KnownProject[]>;
}

/** Forgets what a committed event may have made wrong. */
export function forgetChanged(caches: Caches, event: CommittedEvent): void {
  const { name, subject, projectId, actorId } = event;
  const kind = name.slice(0, name.indexOf('.'));
  if (kind === 'session') caches.sessions.drop(subject.id);
  if (kind === 'session' || kind === 'user') {
    // One event may end many sessions: logging out everywhere, another password, a disabled account.
    const userId = accountIdOf(event);
    if (userId !== undefined && name !== 'session.started' && name !== 'session.refreshed')
      caches.sessions.dropTagged(userId);
  }
  if (projectId === null || (kind !== 'project' && kind !== 'member')) return;
  const id = projectId.toHexString();
  caches.projects.drop(id);
  caches.visibleProjects.dropTagged(id);
  // For whom the project comes into sight.
  if (subject.type === 'member') caches.visibleProjects.drop(subject.id);
  if (name === 'project.created' && actorId !== null) caches.visibleProjects.drop(actorId.toHexString());
  if (name === 'project.restored')
    for (const userId of memberIdsOf(event)) caches.visibleProjects.drop(userId);
}

/** Forgets everything: something may have happened unheard. */
export function forgetAll({ sessions, projects, visibleProjects }: Caches): void {
  for (const cache of [sessions, projects, visibleProjects]) cache.clear();
}
