import mongoose from 'mongoose';
import { EventModel, type StoredEvent } from './event.model.ts';

const mostListed = 50;

/** The version of the subject that the event made. */
const versionOf = ({ subject, data }: Pick<StoredEvent, 'subject' | 'data'>): number =>
  subject.version ?? Number(data['projectVersion']);

/** Who did it; not the administrator who changed somebody's account: people do not see each other there. */
function actorShown({ subject, actorId }: Pick<StoredEvent, 'subject' | 'actorId'>): string | null {
  const actor = actorId?.toString() ?? null;
  return subject.type === 'user' && actor !== subject.id ? null : actor;
}

/** Which fields of a subject changed after `version`, by whom and when: oldest first, at most 50 events. */
export async function changesSince(subjectId: string, version: number) {
  const [own, members] = await Promise.all([
    EventModel.find({ 'subject.id': subjectId, 'subject.version': { $gt: version } })
      .sort({ 'subject.version': 1 })
      .limit(mostListed)
      .lean(),
    // Members are part of their project's document: their events say which version of it they made.
    EventModel.find({
      projectId: new mongoose.Types.ObjectId(subjectId),
      'data.projectVersion': { $gt: version },
    })
      .sort({ 'data.projectVersion': 1 })
      .limit(mostListed)
      .lean(),
  ]);
  const events = [...own, ...members]
    .sort((one, other) => one.at.getTime() - other.at.getTime() || versionOf(one) - versionOf(other))
    .slice(0, mostListed);
  return events.map((event) => ({
    version: versionOf(event),
    event: event.name,
    fields: event.changes.map((change) => change.field),
    by: actorShown(event),
    at: event.at.toISOString(),
  }));
}
