import type { z } from 'zod';
import { presentUser, type StoredSession } from '../users/index.ts';
import type { Grant } from './grant.service.ts';
import type { OpenSession, Session } from './session.schema.ts';

/** The tokens of a session as login, registration and refresh answer them. */
export const presentGrant = ({ user, ...tokens }: Grant): z.input<typeof Session> => ({
  ...tokens,
  tokenType: 'Bearer',
  user: presentUser(user),
});

/** A session in the list of one's own. */
export const presentSession = (session: StoredSession, currentId: string): z.input<typeof OpenSession> => ({
  id: session._id.toHexString(),
  device: session.device,
  address: session.address,
  createdAt: session.createdAt.toISOString(),
  lastUsedAt: session.lastUsedAt.toISOString(),
  expiresAt: session.expiresAt.toISOString(),
  current: session._id.toHexString() === currentId,
});
