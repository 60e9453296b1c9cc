import { z } from 'zod';
import { Id, listQuery, pageOf, Timestamp, wordOf } from '../../schemas/common.ts';

const AnyRole = wordOf(['owner', 'manager', 'member', 'viewer']).meta({
  description: 'Role in the project',
  examples: ['member'],
});
const GivenRole = wordOf(['manager', 'member', 'viewer']).meta({
  description: 'A role that can be given; ownership is transferred',
  examples: ['member'],
});

const exampleMember = {
  userId: '66a1f0c2e4b0a1b2c3d4e5f1',
  name: 'Ada Lovelace',
  avatar: null,
  role: 'member',
  since: '2026-01-05T09:00:00.000Z',
  email: 'ada@example.com',
} as const;

/** A person in a project. */
export const Member = z
  .strictObject({
    userId: Id,
    name: z.string(),
    avatar: z.string().nullable(),
    role: AnyRole,
    since: Timestamp,
    email: z.string().nullable().meta({ description: 'For owner and managers; otherwise null' }),
  })
  .meta({ id: 'Member', description: 'A person in a project', examples: [exampleMember] });

/** A page of members. */
export const MemberPage = pageOf(Member, 'MemberPage').meta({
  description: 'One page of members',
  examples: [{ items: [exampleMember], nextCursor: null }],
});

/** Who is added, by e-mail or id, and as what. */
export const MemberAdd = z
  .strictObject({
    email: z.string().trim().min(3).max(254).optional().meta({ description: 'The person’s e-mail address' }),
    userId: Id.optional(),
    role: GivenRole.default('member'),
  })
  .refine((body) => (body.email === undefined) !== (body.userId === undefined), {
    message: 'must name the person by either email or userId',
    path: ['email'],
  })
  .meta({
    id: 'MemberAdd',
    description: 'A person to add: either `email` or `userId`',
    examples: [{ email: 'ada@example.com', role: 'member' }],
  });

/** A member's new role. */
export const MemberUpdate = z
  .strictObject({ role: GivenRole })
  .meta({ id: 'MemberUpdate', description: 'The new role', examples: [{ role: 'viewer' }] });

/** The paths. */
export const MembersPath = z.strictObject({ id: Id });
/** The path of one member. */
export const MemberPath = z.strictObject({ id: Id, userId: Id });

/** The query of the list. */
export const MemberQuery = z.strictObject(listQuery);
