import type { z } from 'zod';
import type { Ctx, Writing } from '../../context.ts';
import { noContent, ok } from '../../http/endpoint.ts';
import { deleteOwnUser, type LeaveAllProjects } from './account-deletion.service.ts';
import { administerUser } from './user-administration.service.ts';
import { presentAccount, presentUser, presentVisibleUser } from './user.presenter.ts';
import type { AccountDeletion, AccountUpdate, ProfileUpdate, UserFilter, UserParams } from './user.schema.ts';
import { getOwnUser, getVisibleUser, listAccounts, updateOwnUser } from './user.service.ts';

interface Body<S extends z.ZodType> {
  body: z.output<S>;
}
interface Named {
  params: z.output<typeof UserParams>;
}

/** GET /users/me */
export const getMe = async (_input: unknown, ctx: Ctx) => ok(presentUser(await getOwnUser(ctx)));

/** PATCH /users/me */
export const updateMe = async ({ body }: Body<typeof ProfileUpdate>, ctx: Writing<Ctx>) =>
  ok(presentUser(await updateOwnUser(ctx, body)));

/** DELETE /users/me */
export const deleteMe =
  (leaveAllProjects: LeaveAllProjects) =>
  async ({ body }: Body<typeof AccountDeletion>, ctx: Writing<Ctx>) => {
    await deleteOwnUser(ctx, body.currentPassword, leaveAllProjects);
    return noContent();
  };

/** GET /users */
export const list = async ({ query }: { query: z.output<typeof UserFilter> }, ctx: Ctx) => {
  const page = await listAccounts(ctx, query);
  return ok({ ...page, items: page.items.map(presentAccount) });
};

/** GET /users/:id */
export const get = async ({ params }: Named, ctx: Ctx) =>
  ok(presentVisibleUser(await getVisibleUser(ctx, params.id)));

/** PATCH /users/:id */
export const administer = async ({ params, body }: Named & Body<typeof AccountUpdate>, ctx: Writing<Ctx>) =>
  ok(presentAccount(await administerUser(ctx, params.id, body)));
