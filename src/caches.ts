import type { FreshCache, KnownProject, SessionFacts } from './access/index.ts';

/** What a process remembers for at most one second, so that warm requests ask the database nothing about rights. */
export interface Caches {
  /** By session id. */
  readonly sessions: FreshCache<SessionFacts>;
  /** By project id; projects in the trash are not found. */
  readonly projects: FreshCache<KnownProject>;
  /** By user id: the projects (not in the trash) the user is a member of. */
  readonly visibleProjects: FreshCache<KnownProject[]>;
}
