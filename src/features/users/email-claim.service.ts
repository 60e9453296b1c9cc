import type { Types } from 'mongoose';
import { Problem } from '../../errors/index.ts';
import type { BaseCtx, Writing } from '../../context.ts';
import { normaliseEmail } from './email-address.ts';
import { EmailClaimModel, type StoredEmailClaim } from './email-claim.model.ts';

const taken = (): Problem => new Problem('auth.email_taken');

/** Gives an address to a user. Throws `auth.email_taken` when it has an account, now or when the work commits. */
export async function claimEmail(
  ctx: Writing<BaseCtx>,
  email: string,
  userId: Types.ObjectId,
): Promise<void> {
  const address = normaliseEmail(email);
  const claim = await EmailClaimModel.findOne({ _id: address }).lean<StoredEmailClaim>().exec();
  if (claim !== null) throw taken();
  ctx.work.insertPlain(EmailClaimModel, { _id: address, userId });
  ctx.work.onDuplicate(EmailClaimModel, '_id_', taken);
}

/** Makes a user's address free again. */
export function releaseEmail(ctx: Writing<BaseCtx>, email: string, userId: Types.ObjectId): void {
  ctx.work.deleteWhere(EmailClaimModel, { _id: normaliseEmail(email), userId });
}
