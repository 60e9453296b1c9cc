import { createHash, randomBytes } from 'node:crypto';
import { objectId } from '../../db/base-schema.ts';
import type { Ctx, Writing } from '../../context.ts';
import { TicketModel, type StoredTicket } from './ticket.model.ts';

const secondsToLive = 30;

const digestOf = (ticket: string): string => createHash('sha256').update(ticket).digest('hex');

/** Makes a ticket that opens one stream in the name of the caller's session. */
export function issueTicket(ctx: Writing<Ctx>): { ticket: string; expiresIn: number } {
  const ticket = randomBytes(24).toString('base64url');
  ctx.work.insertPlain(TicketModel, {
    _id: digestOf(ticket),
    userId: objectId(ctx.actor.userId),
    sessionId: objectId(ctx.actor.sessionId),
    usedAt: null,
    expiresAt: new Date(ctx.now().getTime() + secondsToLive * 1_000),
  });
  return { ticket, expiresIn: secondsToLive };
}

/** Whose ticket it is; null when it is unknown, used or expired. Used by this one conditional write, whatever follows. */
export async function redeemTicket(
  ticket: string,
  now: Date,
): Promise<{ userId: string; sessionId: string } | null> {
  const used = await TicketModel.findOneAndUpdate(
    { _id: digestOf(ticket), usedAt: null, expiresAt: { $gt: now } },
    { $set: { usedAt: now } },
  ).lean<StoredTicket>();
  if (used === null) return null;
  return { userId: used.userId.toHexString(), sessionId: used.sessionId.toHexString() };
}
