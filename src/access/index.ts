export { isLive, type Actor, type SessionFacts } from './actor.ts';
export { freshCache, type FreshCache } from './fresh-cache.ts';
export {
  statusCategories,
  type KnownProject,
  type ProjectMember,
  type ProjectStatus,
  type StatusCategory,
} from './known-project.ts';
export type { PasswordHash } from './password-hasher.ts';
export { requireVersion } from './require-version.ts';
export { abilities, admitChange, authorize, authorizeSite, requireOpen, roleIn } from './authorize.ts';
export {
  isAtLeast,
  projectRoles,
  sitePermissions,
  type Permission,
  type ProjectRole,
  type SiteRole,
} from './permissions.ts';
