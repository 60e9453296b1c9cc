import type { Types } from 'mongoose';
import type { NumberedEvent } from '../../events/index.ts';
import { findUsersById } from '../users/index.ts';

/** Who did something, as events show them. */
export interface EventActor {
  id: string;
  name: string;
  avatar: string | null;
}

/** The people behind some events. */
export interface People {
  actor(id: Types.ObjectId): EventActor;
}

/** Looks up who did the events, by their present names; what deleted people did stays readable. */
export async function peopleBehind(events: readonly NumberedEvent[]): Promise<People> {
  const ids = new Map(
    events.flatMap(({ actorId }) => (actorId === null ? [] : [[String(actorId), actorId]])),
  );
  const users = ids.size === 0 ? [] : await findUsersById([...ids.values()]);
  const known = new Map(users.map((user) => [user._id.toHexString(), user]));
  return {
    actor: (objectId) => {
      const id = objectId.toHexString();
      const user = known.get(id);
      return { id, name: user?.name ?? 'Deleted user', avatar: user?.avatar ?? null };
    },
  };
}
