import { createHash } from 'node:crypto';
import { duplicatePlace } from '../db/faults.ts';
import { KnownAddressModel } from './known-address.model.ts';

const keptMs = 90 * 86_400_000;
/** An address in daily use is written once in so many days. */
const renewedMs = 7 * 86_400_000;

/** The key of an account, or of an account and a network; it tells neither. */
export const placeOf = (account: string, network = ''): string =>
  createHash('sha256')
    .update(JSON.stringify([account, network]))
    .digest('base64url');

/** Whether somebody logged in there during the last 90 days. */
export async function isKnownAddress(place: string, now: Date): Promise<boolean> {
  return (await KnownAddressModel.exists({ _id: place, expiresAt: { $gt: now } })) !== null;
}

/** Remembers that somebody logged in there. */
export async function knowAddress(place: string, now: Date): Promise<void> {
  const expiresAt = new Date(now.getTime() + keptMs);
  const fresh = { _id: place, expiresAt: { $gt: new Date(expiresAt.getTime() - renewedMs) } };
  if ((await KnownAddressModel.exists(fresh)) !== null) return;
  try {
    await KnownAddressModel.updateOne({ _id: place }, { $set: { expiresAt } }, { upsert: true });
  } catch (error) {
    // Somebody else remembered it at the same moment.
    if (duplicatePlace(error) === undefined) throw error;
  }
}
