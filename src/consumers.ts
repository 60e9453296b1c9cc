import type { Logger } from 'pino';
import type { WorkOrigin } from './db/unit-of-work.ts';
import type { StoredEvent } from './events/index.ts';
import { unassignOpenTasks } from './features/tasks/index.ts';

interface Consumer {
  /** The name of the events it hears of. */
  on: string;
  run(event: StoredEvent, origin: WorkOrigin): Promise<void>;
}

/** Who follows which event; the ones who announce do not know. */
const consumers: readonly Consumer[] = [
  {
    on: 'member.removed',
    run: (event, origin) => unassignOpenTasks(origin, String(event.projectId), event.subject.id),
  },
];

/** Runs the consequences of committed events one after the other; the request that caused them waits. */
export function announcer(log: Logger, now: () => Date): (events: readonly StoredEvent[]) => Promise<void> {
  const announce = async (events: readonly StoredEvent[]): Promise<void> => {
    for (const event of events) {
      for (const consumer of consumers.filter((one) => one.on === event.name)) {
        const origin = {
          actorId: event.actorId?.toHexString() ?? null,
          requestId: event.requestId,
          operationId: event.operationId,
          now,
          announce,
        };
        // The cause is committed already: its answer must not become an error, but somebody must see this.
        await consumer.run(event, origin).catch((err: unknown) => {
          log.error({ err, event: event.name, eventId: event._id.toHexString() }, 'a consequence failed');
        });
      }
    }
  };
  return announce;
}
