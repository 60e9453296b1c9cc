import type { QueryFilter, Types } from 'mongoose';
import type { z } from 'zod';
import { objectId } from '../../db/base-schema.ts';
import { walk } from '../../db/keyset.ts';
import type { Page } from '../../schemas/common.ts';
import { normaliseEmail } from './email-address.ts';
import { UserModel, type StoredUser } from './user.model.ts';
import type { UserFilter } from './user.schema.ts';

/** The user of that id, unless deleted. */
export const findUser = (id: string): Promise<StoredUser | null> =>
  UserModel.findOne({ _id: objectId(id), deletedAt: null })
    .lean<StoredUser>()
    .exec();

/** The user of that e-mail address, unless deleted. */
export const findUserByEmail = (address: string): Promise<StoredUser | null> =>
  UserModel.findOne({ emailNormalised: normaliseEmail(address), deletedAt: null })
    .lean<StoredUser>()
    .exec();

/** The users of those ids in no particular order; ids of nobody and of deleted users are missing. */
export const findUsersById = (ids: readonly Types.ObjectId[]): Promise<StoredUser[]> =>
  UserModel.find({ _id: { $in: [...ids] }, deletedAt: null })
    .lean<StoredUser[]>()
    .exec();

/** How many enabled administrators there are beside that user. */
export const countOtherAdmins = (user: StoredUser): Promise<number> =>
  UserModel.countDocuments({
    roles: 'admin',
    disabled: false,
    deletedAt: null,
    _id: { $ne: user._id },
  }).exec();

const sortFields = { createdAt: 'createdAt', name: 'nameSort', email: 'emailNormalised' } as const;

/** One page of all accounts. */
export function listUsers(filter: z.output<typeof UserFilter>): Promise<Page<StoredUser>> {
  const { limit, cursor, count, ...question } = filter;
  const field = question.sort.replace('-', '') as keyof typeof sortFields; // The schema lists exactly these.
  const residual = residualOf(question);
  return walk({
    model: UserModel,
    filter: { deletedAt: null },
    ...(residual !== undefined && { residual }),
    index: { deletedAt: 1, [sortFields[field]]: 1, _id: 1 },
    sort: { field: sortFields[field], direction: question.sort.startsWith('-') ? -1 : 1 },
    page: { limit, cursor, count },
    binding: JSON.stringify(['users', question.q, question.disabled, question.role, question.sort]),
  });
}

type Question = Pick<z.output<typeof UserFilter>, 'q' | 'disabled' | 'role'>;

function residualOf({ q, disabled, role }: Question): QueryFilter<StoredUser> | undefined {
  const conditions: QueryFilter<StoredUser>[] = [];
  if (q !== undefined) {
    const start = normaliseEmail(q);
    // Everything that begins with `start`: no text continues with a character above U+FFFF's last.
    conditions.push({ searchTerms: { $elemMatch: { $gte: start, $lt: `${start}\u{10ffff}` } } });
  }
  if (disabled !== undefined) conditions.push({ disabled });
  if (role !== undefined) conditions.push({ roles: role });
  return conditions.length === 0 ? undefined : { $and: conditions };
}
