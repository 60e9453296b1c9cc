export { fieldChanges, type FieldChange } from './changes.ts';
export { EventModel, eventModels, type StoredEvent } from './event.model.ts';
export { changesSince } from './changes-since.ts';
