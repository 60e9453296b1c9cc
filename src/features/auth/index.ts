import { RefreshTokenModel } from './refresh-token.model.ts';

/** Every stored kind of this feature, for migrations. */
export const authModels = [RefreshTokenModel];

export { authRoutes } from './auth.routes.ts';
export { setPassword } from './password.service.ts';
export { createAccount } from './registration.service.ts';
