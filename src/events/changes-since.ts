import mongoose from 'mongoose';
import { EventModel, type StoredEvent } from './event.model.ts';

const mostListed = 50;

/** Who did it; not the administrator who changed somebody's account: people do not see each other there. */
function actorShown({ subject, actorId }: Pick<StoredEvent, 'subject' | 'actorId'>): string | null {
  const actor = actorId?.toString() ?? null;
  return subject.type === 'user' && actor !== subject.id ? null : actor;
}

/** Which fields of a subject changed after `version`, by whom and when: oldest first, at most 50 events. */
export async function changesSince(subjectId: string, version: number) {
  // Members are part of their project's document: their events say which version of it they made.
  const events = await EventModel.find({
    $or: [
      { 'subject.id': subjectId, 'subject.version': { $gt: version } },
      { projectId: new mongoose.Types.ObjectId(subjectId), 'data.projectVersion': { $gt: version } },
    ],
  })
    .sort({ at: 1, _id: 1 })
    .limit(mostListed)
    .lean();
  return events.map((event) => ({
    version: event.subject.version ?? event.data['projectVersion'] ?? null,
    event: event.name,
    fields: event.changes.map((change) => change.field),
    by: actorShown(event),
    at: event.at.toISOString(),
  }));
}
