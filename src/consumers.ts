import type { WorkOrigin } from './db/unit-of-work.ts';
import type { StoredEvent } from './events/index.ts';
import { unassignOpenTasks } from './features/tasks/index.ts';

interface Consumer {
  /** The name of the events it hears of. */
  on: string;
  run(event: StoredEvent, origin: WorkOrigin): Promise<void>;
}

/** Who follows which event; the ones who announce do not know. */
export const consumers: readonly Consumer[] = [
  {
    on: 'member.removed',
    run: (event, origin) => unassignOpenTasks(origin, String(event.projectId), event.subject.id),
  },
];
