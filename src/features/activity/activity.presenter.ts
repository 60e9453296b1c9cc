import type { NumberedEvent } from '../../events/index.ts';
import type { People } from './people.queries.ts';

/** The event as whoever may see its subject sees it. */
export function presentEvent(event: NumberedEvent, people: People) {
  const { _id, seq, name, at, actorId, subject, changes, operationId } = event;
  return {
    id: _id.toHexString(),
    seq,
    name,
    at: at.toISOString(),
    actor: actorId === null ? null : people.actor(actorId),
    subject: { type: subject.type, id: subject.id, version: subject.version },
    changes: changes.map(({ field, from, to }) => ({ field, from, to })),
    operationId,
  };
}
