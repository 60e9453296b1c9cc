import { EventModel } from './event.model.ts';

const mostListed = 50;

/** Which fields of a subject changed after `version`, by whom and when: oldest first, at most 50 events. */
export async function changesSince(subjectId: string, version: number) {
  const events = await EventModel.find({
    'subject.id': subjectId,
    'subject.version': { $gt: version },
  })
    .sort({ 'subject.version': 1 })
    .limit(mostListed)
    .lean();
  return events.map((event) => ({
    version: event.subject.version,
    fields: event.changes.map((change) => change.field),
    by: event.actorId?.toString() ?? null,
    at: event.at.toISOString(),
  }));
}
