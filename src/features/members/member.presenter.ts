import { isAtLeast, roleIn, type Actor } from '../../access/index.ts';
import type { MemberInProject } from './member.service.ts';

/** The member as the actor sees them: the e-mail address is for owner and managers. */
export function presentMember(ctx: { readonly actor: Actor }, { member, user, project }: MemberInProject) {
  const role = roleIn(project, ctx.actor.userId);
  const seesEmail = role !== undefined && isAtLeast(role, 'manager');
  return {
    userId: member.userId.toHexString(),
    name: user?.name ?? 'Deleted user',
    avatar: user?.avatar ?? null,
    role: member.role,
    since: member.since.toISOString(),
    email: seesEmail ? (user?.email ?? null) : null,
  };
}
