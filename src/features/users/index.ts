import { AdminGuardModel } from './admin-guard.model.ts';
import { CredentialModel } from './credential.model.ts';
import { EmailClaimModel } from './email-claim.model.ts';
import { SessionModel } from './session.model.ts';
import { UserModel } from './user.model.ts';

/** Every stored kind of this feature, for migrations. */
export const userModels = [UserModel, EmailClaimModel, CredentialModel, SessionModel, AdminGuardModel];

export { commitAside } from './commit-aside.service.ts';
export {
  createCredential,
  findCredential,
  renewHash,
  replacePassword,
  requirePassword,
} from './credential.service.ts';
export { normaliseEmail } from './email-address.ts';
export type { StoredSession } from './session.model.ts';
export {
  adoptSession,
  endSession,
  endSessions,
  findLiveSession,
  findSession,
  knowSession,
  listLiveSessions,
  openSession,
  renewSession,
} from './session.service.ts';
export type { StoredUser } from './user.model.ts';
export { presentUser } from './user.presenter.ts';
export { findUser, findUserByEmail, findUsersById } from './user.queries.ts';
export { accountDeletionRoute, userRoutes } from './user.routes.ts';
export { createUser, type NewUser } from './user.service.ts';
export { promoteUser } from './user-promotion.service.ts';
export { setDisabled } from './user-shutout.service.ts';
