import type { z } from 'zod';
import { admitChange, type ProjectMember } from '../../access/index.ts';
import { objectId } from '../../db/base-schema.ts';
import { Problem } from '../../errors/index.ts';
import type { Ctx, Writing } from '../../context.ts';
import { loadProject, recordMember, saveProject, type StoredProject } from '../projects/index.ts';
import { findUserByEmail, findUsersById, type StoredUser } from '../users/index.ts';
import type { MemberAdd } from './member.schema.ts';

type W = Writing<Ctx>;

/** A member, who they are, and the project they are in. */
export interface MemberInProject {
  member: ProjectMember;
  user: StoredUser | undefined;
  project: StoredProject;
}

/** A project has at most so many members. */
export const mostMembers = 500;

/** Adds a person. Throws `access.denied`, `member.unknown_user`, `member.already_member`, `project.too_many_members`. */
export async function addMember(
  ctx: W,
  projectId: string,
  { email, userId, role }: z.output<typeof MemberAdd>,
): Promise<MemberInProject> {
  const project = await loadProject(ctx, projectId);
  await admitChange(ctx, 'member.add', project, project);
  const user =
    email === undefined ? (await findUsersById([objectId(userId ?? '')]))[0] : await findUserByEmail(email);
  if (user === undefined || user === null) {
    const pointer = email === undefined ? '/body/userId' : '/body/email';
    throw new Problem('member.unknown_user', { errors: [{ pointer, detail: 'is no user of this server' }] });
  }
  if (project.members.some((one) => one.userId.equals(user._id))) throw new Problem('member.already_member');
  if (project.members.length >= mostMembers) {
    throw new Problem('project.too_many_members', {
      detail: `A project has at most ${String(mostMembers)} members.`,
    });
  }
  const member: ProjectMember = { userId: user._id, role, since: ctx.now() };
  const after = saveProject(ctx, project, { members: [...project.members, member] });
  recordMember(ctx, after, { userId: user._id, from: null, to: role });
  return { member, user, project: after };
}

/** Changes a member's role. Throws `access.denied`, `member.not_found`, `member.is_owner`. */
export async function changeRole(
  ctx: W,
  projectId: string,
  userId: string,
  role: 'manager' | 'member' | 'viewer',
): Promise<MemberInProject> {
  const project = await loadProject(ctx, projectId);
  const found = memberOf(project, userId);
  await admitChange(ctx, 'member.update', project, project);
  if (found.role === 'owner') throw new Problem('member.is_owner');
  const [user] = await findUsersById([found.userId]);
  if (found.role === role) return { member: found, user, project };
  const member = { ...found, role };
  const members = project.members.map((one) => (one === found ? member : one));
  const after = saveProject(ctx, project, { members });
  recordMember(ctx, after, { userId: found.userId, from: found.role, to: role });
  return { member, user, project: after };
}

/** Removes a member, or lets the actor leave. Throws `access.denied`, `member.not_found`, `member.is_owner`. */
export async function removeMember(ctx: W, projectId: string, userId: string): Promise<void> {
  const project = await loadProject(ctx, projectId);
  const found = memberOf(project, userId);
  await admitChange(ctx, 'member.remove', project, project, { selfId: userId });
  if (found.role === 'owner') throw new Problem('member.is_owner');
  const after = saveProject(ctx, project, { members: project.members.filter((one) => one !== found) });
  recordMember(ctx, after, { userId: found.userId, from: found.role, to: null });
}

function memberOf(project: StoredProject, userId: string): ProjectMember {
  const member = project.members.find((one) => one.userId.toHexString() === userId);
  if (member === undefined) throw new Problem('member.not_found');
  return member;
}
