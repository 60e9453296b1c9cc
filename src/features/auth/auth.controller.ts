import type { z } from 'zod';
import type { Ctx, OpenCtx, Writing } from '../../context.ts';
import { noContent, ok } from '../../http/endpoint.ts';
import * as logins from './login.service.ts';
import * as passwords from './password.service.ts';
import * as refreshes from './refresh.service.ts';
import * as registrations from './registration.service.ts';
import { presentGrant, presentSession } from './session.presenter.ts';
import type {
  Login,
  OpenSessionParams,
  OpenSessionQuery,
  PasswordChange,
  Refresh,
  Registration,
} from './session.schema.ts';
import * as sessions from './sessions.service.ts';

interface Body<S extends z.ZodType> {
  body: z.output<S>;
}

/** POST /auth/register */
export const register = async ({ body }: Body<typeof Registration>, ctx: Writing<OpenCtx>) => ({
  status: 201 as const,
  body: presentGrant(await registrations.register(ctx, body)),
});

/** POST /auth/login */
export const login = async ({ body }: Body<typeof Login>, ctx: Writing<OpenCtx>) =>
  ok(presentGrant(await logins.login(ctx, body)));

/** POST /auth/refresh */
export const refresh = async ({ body }: Body<typeof Refresh>, ctx: Writing<OpenCtx>) =>
  ok(presentGrant(await refreshes.refresh(ctx, body.refreshToken)));

/** POST /auth/logout */
export const logout = async (_input: unknown, ctx: Writing<Ctx>) => {
  await sessions.logout(ctx);
  return noContent();
};

/** POST /auth/logout-all */
export const logoutAll = async (_input: unknown, ctx: Writing<Ctx>) => {
  await sessions.logoutAll(ctx);
  return noContent();
};

/** POST /auth/password */
export const changePassword = async ({ body }: Body<typeof PasswordChange>, ctx: Writing<Ctx>) => {
  await passwords.changePassword(ctx, body);
  return noContent();
};

/** GET /auth/sessions */
export const listSessions = async ({ query }: { query: z.output<typeof OpenSessionQuery> }, ctx: Ctx) => {
  const page = await sessions.listSessions(ctx, query);
  return ok({ ...page, items: page.items.map((session) => presentSession(session, ctx.actor.sessionId)) });
};

/** DELETE /auth/sessions/:id */
export const endSession = async (
  { params }: { params: z.output<typeof OpenSessionParams> },
  ctx: Writing<Ctx>,
) => {
  await sessions.endOwnSession(ctx, params.id);
  return noContent();
};
