import { z } from 'zod';
import { Id, listQuery } from '../../schemas/common.ts';
import { entryFields, exampleEntry } from '../activity/activity.schema.ts';

const exampleChange = {
  ...exampleEntry,
  projectId: '66a1f0c2e4b0a1b2c3d4e5f0',
  data: { number: 12, title: 'Write the imprint' },
  deleted: false,
};

/** One thing the caller can see, as the feed and the stream tell it. */
export const Change = z
  .strictObject({
    ...entryFields,
    projectId: Id.nullable().meta({ description: 'Where it happened; null for the caller’s own account' }),
    data: z
      .strictObject({
        number: z.int().optional().meta({ description: 'The number of the task' }),
        title: z.string().optional().meta({ description: 'The title of the task after the event' }),
        name: z.string().optional().meta({ description: 'The name of the project after the event' }),
        cause: z.string().optional().meta({
          description: 'What gave or took access: the name of the event behind `access.*`',
        }),
      })
      .meta({ description: 'What helps to show the entry without asking for the thing' }),
    deleted: z.boolean().meta({
      description:
        'True when the subject is no longer there for the caller: a task or project in the trash, or a project they may no longer see',
    }),
  })
  .meta({
    id: 'Change',
    description:
      'One thing that happened. `access.granted` and `access.revoked` have the project as subject: it came into the caller’s sight, or went out of it with all its tasks',
    examples: [exampleChange],
  });

/** A page of the feed. */
export const ChangePage = z
  .strictObject({
    items: z.array(Change),
    nextCursor: z.string().meta({ description: 'Where to go on, now or later; always there' }),
    hasMore: z.boolean().meta({
      description: 'True when more has happened already; a page may be short or empty all the same',
    }),
  })
  .meta({
    id: 'ChangePage',
    description: 'What the caller can see, oldest first',
    examples: [{ items: [exampleChange], nextCursor: 'h3Vw0Jm2xQ4kPz9a.3mv', hasMore: false }],
  });

const cursorText = z.string().min(1).max(200);

/** The query of the feed. */
export const ChangeQuery = z.strictObject({
  since: cursorText.optional().meta({
    description:
      'The `nextCursor` of the answer before, or `now` for a cursor at the end and no items. Without it: from the oldest event that is kept',
  }),
  limit: listQuery.limit,
  projectId: Id.optional().meta({ description: 'Only what happens in this project' }),
});

/** The query of the stream. */
export const StreamQuery = z.strictObject({
  ticket: z.string().min(1).max(200).optional().meta({
    description: 'A ticket instead of the header `Authorization`',
  }),
  lastEventId: cursorText.optional().meta({
    description:
      'Like the header `Last-Event-ID`, which wins: the id of the last entry seen, or a `nextCursor` of the feed with the same `projectId`',
  }),
  projectId: Id.optional().meta({ description: 'Only what happens in this project' }),
});

/** What opens a stream once. */
export const Ticket = z
  .strictObject({
    ticket: z.string(),
    expiresIn: z.int().meta({ description: 'Seconds' }),
  })
  .meta({
    id: 'EventTicket',
    description: 'Opens one stream',
    examples: [{ ticket: 'q1gk3o1JfQ5mQm0n0k9Z2m7s5m3r8Wc1', expiresIn: 30 }],
  });

/** The frames of a stream. */
export const StreamText = z.string().meta({
  description:
    'Server-Sent Events. Entries come as `event: change` with a `Change` as `data` and a cursor as `id`; `event: resync` says why the server is about to end the stream; comments and ids without data keep it alive',
  examples: ['id: h3Vw0Jm2xQ4kPz9a.3mv\nevent: change\ndata: {"name":"task.completed"}\n\n'],
});
