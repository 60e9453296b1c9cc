export type { Actor, SessionFacts } from './actor.ts';
export { freshCache, type FreshCache } from './fresh-cache.ts';
export {
  statusCategories,
  type KnownProject,
  type ProjectMember,
  type ProjectStatus,
  type StatusCategory,
} from './known-project.ts';
export type { AccessTokenClaims, Tokens } from './tokens.ts';
export type { PasswordHash, PasswordHasher } from './password-hasher.ts';
export { requireVersion } from './require-version.ts';
export { abilities, archived, authorize, authorizeSite, roleIn, type ProjectFacts } from './authorize.ts';
export {
  isAtLeast,
  isGranted,
  isAllowedWhileArchived,
  projectPermissions,
  projectRoles,
  rolesWith,
  sitePermissions,
  siteRoles,
  type Permission,
  type ProjectPermission,
  type ProjectRole,
  type SitePermission,
  type SiteRole,
} from './permissions.ts';
