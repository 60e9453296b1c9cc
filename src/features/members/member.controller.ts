import type { z } from 'zod';
import type { Ctx, Writing } from '../../context.ts';
import { created, noContent, ok } from '../../http/endpoint.ts';
import { presentMember } from './member.presenter.ts';
import { listMembers } from './member.queries.ts';
import type { MemberAdd, MemberPath, MemberQuery, MembersPath, MemberUpdate } from './member.schema.ts';
import * as service from './member.service.ts';

type W = Writing<Ctx>;
type All = { params: z.output<typeof MembersPath> };
type One = { params: z.output<typeof MemberPath> };

/** GET /projects/:id/members */
export async function list({ params, query }: All & { query: z.output<typeof MemberQuery> }, ctx: Ctx) {
  const page = await listMembers(ctx, params.id, query);
  return ok({ ...page, items: page.items.map((one) => presentMember(ctx, one)) });
}

/** POST /projects/:id/members */
export async function add({ params, body }: All & { body: z.output<typeof MemberAdd> }, ctx: W) {
  const member = presentMember(ctx, await service.addMember(ctx, params.id, body));
  return created(member, `/api/projects/${params.id}/members/${member.userId}`);
}

/** PATCH /projects/:id/members/:userId */
export async function update({ params, body }: One & { body: z.output<typeof MemberUpdate> }, ctx: W) {
  return ok(presentMember(ctx, await service.changeRole(ctx, params.id, params.userId, body.role)));
}

/** DELETE /projects/:id/members/:userId */
export async function remove({ params }: One, ctx: W) {
  await service.removeMember(ctx, params.id, params.userId);
  return noContent();
}
