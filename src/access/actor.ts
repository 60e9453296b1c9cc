import type { SiteRole } from './permissions.ts';

/** Who makes the request: a user by one of their sessions, looked up for every request. */
export interface Actor {
  readonly userId: string;
  readonly sessionId: string;
  readonly siteRoles: readonly SiteRole[];
}

/** What is known of a session: whose it is and whether it still counts. */
export interface SessionFacts extends Actor {
  /** True after logout, a password change, expiry of the session or reuse of an old refresh token. */
  readonly ended: boolean;
  readonly disabled: boolean;
  readonly expiresAt: Date;
}

/** Whether the session lets its user in. */
export const isLive = (session: SessionFacts | null, userId: string, now: Date): session is SessionFacts =>
  session !== null &&
  !session.ended &&
  !session.disabled &&
  session.userId === userId &&
  session.expiresAt > now;
