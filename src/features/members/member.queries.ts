import type { z } from 'zod';
import { authorize } from '../../access/index.ts';
import { pageOfArray } from '../../db/array-page.ts';
import type { Ctx } from '../../context.ts';
import type { Page } from '../../schemas/common.ts';
import { loadProject } from '../projects/index.ts';
import { findUsersById } from '../users/index.ts';
import type { MemberQuery } from './member.schema.ts';
import type { MemberInProject } from './member.service.ts';

/** One page of a project's people, in the order they came. */
export async function listMembers(
  ctx: Ctx,
  projectId: string,
  query: z.output<typeof MemberQuery>,
): Promise<Page<MemberInProject>> {
  const project = await loadProject(ctx, projectId);
  authorize(ctx, 'project.read', project);
  const page = pageOfArray(
    project.members,
    (member) => member.userId.toHexString(),
    query,
    `members ${projectId}`,
  );
  const users = await findUsersById(page.items.map((member) => member.userId));
  const byId = new Map(users.map((user) => [user._id.toHexString(), user]));
  return {
    ...page,
    items: page.items.map((member) => ({ member, user: byId.get(member.userId.toHexString()), project })),
  };
}
