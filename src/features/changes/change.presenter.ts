import type { z } from 'zod';
import type { NumberedEvent } from '../../events/index.ts';
import { presentEvent, type People } from '../activity/index.ts';
import type { Change } from './change.schema.ts';
import type { Sight } from './change-sight.ts';

/** An entry of feed and stream. */
export type ChangeEntry = z.output<typeof Change>;

/** The event as an entry for those who see it this way. */
export function presentChange(
  event: NumberedEvent,
  sight: Exclude<Sight, undefined>,
  people: People,
): ChangeEntry {
  const { projectId, subject, actorId } = event;
  const entry = {
    ...presentEvent(event, people),
    projectId: projectId?.toHexString() ?? null,
    data: dataOf(event),
    deleted: event.name.endsWith('.deleted'),
  };
  // Administrators are strangers to the people whose accounts they change.
  if (subject.type === 'user')
    return { ...entry, ...(actorId?.toHexString() !== subject.id && { actor: null }) };
  if (sight === 'plain') return entry;
  return {
    ...entry,
    name: `access.${sight}`,
    subject: { type: 'project', id: entry.projectId ?? '', version: null },
    data: { ...entry.data, cause: event.name },
    deleted: sight === 'revoked',
  };
}

/** Only what is named here leaves: events keep more for those who follow inside the server. */
function dataOf({ subject, data }: NumberedEvent): ChangeEntry['data'] {
  const { number, title, name } = data;
  if (subject.type === 'task') {
    return {
      ...(typeof number === 'number' && { number }),
      ...(typeof title === 'string' && { title }),
    };
  }
  return subject.type === 'project' && typeof name === 'string' ? { name } : {};
}
