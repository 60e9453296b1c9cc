import { z } from 'zod';
import { Id, listQuery, pageOf, Timestamp } from '../../schemas/common.ts';

/** Who did something, as everybody who sees the event may see them. */
const Actor = z.strictObject({ id: Id, name: z.string(), avatar: z.string().nullable() }).meta({
  id: 'EventActor',
  description: 'Who did it, by the present name; a deleted account is called `Deleted user`',
  examples: [{ id: '66a1f0c2e4b0a1b2c3d4e5f1', name: 'Ada Lovelace', avatar: null }],
});

const Change = z.strictObject({ field: z.string(), from: z.unknown(), to: z.unknown() }).meta({
  id: 'EventFieldChange',
  description: 'A field, its value before and after',
  examples: [{ field: 'status', from: 'todo', to: 'done' }],
});

/** What every event shows of itself. */
export const entryFields = {
  id: Id,
  seq: z.int().min(1).meta({ description: 'Its place in the one order of everything that happened' }),
  name: z.string().meta({ description: 'What happened, `<noun>.<past participle>`' }),
  at: Timestamp,
  actor: Actor.nullable().meta({
    description: 'Who did it; null for the server itself, and for an administrator who changed your account',
  }),
  subject: z.strictObject({
    type: z.string().meta({ description: '`task`, `project`, `member` or `user`' }),
    id: z.string().meta({ description: 'The id of the thing; of a member, the id of the user' }),
    version: z.int().nullable().meta({ description: 'Its version after the change, where it has one' }),
  }),
  changes: z.array(Change),
  operationId: z.string().meta({ description: 'The same for everything that one request did' }),
};

/** An event used in examples. */
export const exampleEntry = {
  id: '66a1f0c2e4b0a1b2c3d4e5aa',
  seq: 4711,
  name: 'task.completed',
  at: '2026-01-06T10:30:00.000Z',
  actor: { id: '66a1f0c2e4b0a1b2c3d4e5f1', name: 'Ada Lovelace', avatar: null },
  subject: { type: 'task', id: '66a1f0c2e4b0a1b2c3d4e5f6', version: 4 },
  changes: [{ field: 'status', from: 'todo', to: 'done' }],
  operationId: '6f1e1c0e-6a3f-4b4e-9d5a-0c7f5a2b9e11',
};

/** One thing that happened to a task or in a project. */
const Activity = z.strictObject(entryFields).meta({
  id: 'Activity',
  description: 'One thing that happened',
  examples: [exampleEntry],
});

/** A page of what happened. */
export const ActivityPage = pageOf(Activity, 'ActivityPage').meta({
  description: 'What happened, newest first',
  examples: [{ items: [exampleEntry], nextCursor: null }],
});

/** The path of the thing. */
export const ActivityPath = z.strictObject({ id: Id });
/** The query of the list. */
export const ActivityQuery = z.strictObject(listQuery);
