export { fieldChanges, type FieldChange } from './changes.ts';
export { EventModel, eventModels, type StoredEvent } from './event.model.ts';
export { changesSince } from './changes-since.ts';
export { watchLog, type CommittedEvent } from './log-watch.ts';
export { logCursors, type LogCursors } from './log-cursor.ts';
export {
  countEvents,
  logHead,
  logTail,
  purgeEvents,
  readLog,
  readLogBackwards,
  type NumberedEvent,
} from './read-log.ts';
export { accountIdOf, memberIdsOf, withMemberIds } from './event-people.ts';
