import { z } from 'zod';
import {
  Flag,
  Id,
  Instant,
  lineOf,
  listQuery,
  pageOf,
  repeatable,
  sortBy,
  textOf,
  Timestamp,
  Version,
  wordOf,
} from '../../schemas/common.ts';

const Priority = wordOf(['none', 'low', 'medium', 'high', 'urgent']).meta({
  description: 'How urgent',
  examples: ['high'],
});
const Category = wordOf(['backlog', 'todo', 'in_progress', 'done', 'cancelled']).meta({
  description: 'What the status means',
  examples: ['todo'],
});
const StatusKey = z
  .string()
  .min(1)
  .max(50)
  .meta({ description: 'Key of one of the project’s statuses', examples: ['in_progress'] });
const Title = lineOf(500).meta({
  description: 'One line, up to 500 characters',
  examples: ['Write the privacy page'],
});
const Description = textOf(50_000).meta({
  description: 'Markdown, up to 50,000 characters',
  examples: ['With the lawyer’s comments.'],
});
const DueDate = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: 'must be a day such as 2026-12-31 or a time such as 2026-12-31T12:00:00Z',
  })
  .refine((text) => text >= '1900' && text < '3000', 'must be between the years 1900 and 2999')
  .meta({ description: 'A day or a moment; given back in the form it was sent', examples: ['2026-12-31'] });
const Assignee = Id.nullable().meta({
  description: 'A member who can act on tasks, or null',
  examples: ['66a1f0c2e4b0a1b2c3d4e5f1'],
});

const exampleTask = {
  id: '66a1f0c2e4b0a1b2c3d4e601',
  key: 'WEB-12',
  number: 12,
  projectId: '66a1f0c2e4b0a1b2c3d4e5f6',
  title: 'Write the privacy page',
  description: '',
  status: 'todo',
  category: 'todo',
  priority: 'high',
  assigneeId: '66a1f0c2e4b0a1b2c3d4e5f1',
  dueDate: '2026-12-31',
  rank: '0000000C',
  createdBy: '66a1f0c2e4b0a1b2c3d4e5f0',
  completedAt: null,
  can: ['task.read', 'task.update', 'task.move', 'task.delete'],
  createdAt: '2026-01-05T09:00:00.000Z',
  updatedAt: '2026-01-06T10:30:00.000Z',
  deletedAt: null,
  version: 3,
} as const;

/** A task as the caller sees it. */
export const Task = z
  .strictObject({
    id: Id,
    key: z
      .string()
      .nullable()
      .meta({
        description: 'The project’s key and the number; null in the answer of a dry run',
        examples: ['WEB-12'],
      }),
    number: z
      .int()
      .nullable()
      .meta({ description: 'Counts up in the project; null in the answer of a dry run' }),
    projectId: Id,
    title: z.string(),
    description: z.string(),
    status: z.string(),
    category: Category,
    priority: Priority,
    assigneeId: Id.nullable(),
    dueDate: z.string().nullable().meta({ description: 'A day or a moment, as it was given' }),
    rank: z.string().meta({ description: 'Place in the order; compare as text' }),
    createdBy: Id,
    completedAt: Timestamp.nullable().meta({ description: 'Set while the status is of the category `done`' }),
    can: z.array(z.string()).meta({ description: 'What the caller may do with the task' }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    deletedAt: Timestamp.nullable(),
    version: Version,
  })
  .meta({ id: 'Task', description: 'A task as the caller sees it', examples: [exampleTask] });

/** A page of tasks. */
export const TaskPage = pageOf(Task, 'TaskPage').meta({
  description: 'One page of tasks',
  examples: [{ items: [exampleTask], nextCursor: null }],
});

/** What a new task needs. */
export const TaskCreate = z
  .strictObject({
    projectId: Id,
    title: Title,
    description: Description.default(''),
    status: StatusKey.optional().meta({ description: 'The first status of category `todo` unless given' }),
    priority: Priority.default('none'),
    assigneeId: Assignee.default(null),
    dueDate: DueDate.nullable().default(null),
  })
  .meta({
    id: 'TaskCreate',
    description: 'A new task; it goes to the end of its column',
    examples: [
      {
        projectId: '66a1f0c2e4b0a1b2c3d4e5f6',
        title: 'Write the privacy page',
        priority: 'high',
        dueDate: '2026-12-31',
      },
    ],
  });

/** A change of some fields. */
export const TaskUpdate = z
  .strictObject({
    title: Title.optional(),
    description: Description.nullable().optional(),
    status: StatusKey.optional(),
    priority: Priority.nullable().optional(),
    assigneeId: Assignee.optional(),
    dueDate: DueDate.nullable().optional(),
  })
  .meta({
    id: 'TaskUpdate',
    description: 'Absent fields stay; null clears description, priority, assignee and due date',
    examples: [{ status: 'done' }],
  });

/** Every writable field; fields of the answer may be sent along, so that GET, edit, PUT works. */
export const TaskReplace = z
  .strictObject({
    title: Title,
    description: Description,
    status: StatusKey,
    priority: Priority,
    assigneeId: Assignee,
    dueDate: DueDate.nullable(),
    version: Version.optional().meta({ description: 'Compared like If-Match' }),
    id: Id.optional(),
    projectId: Id.optional(),
    createdBy: Id.optional(),
    createdAt: Timestamp.optional(),
    key: z.unknown().optional(),
    number: z.unknown().optional(),
    category: z.unknown().optional(),
    rank: z.unknown().optional(),
    completedAt: z.unknown().optional(),
    can: z.unknown().optional(),
    updatedAt: z.unknown().optional(),
    deletedAt: z.unknown().optional(),
  })
  .meta({
    id: 'TaskReplace',
    description:
      'All writable fields. `id`, `projectId`, `createdBy` and `createdAt` must be unchanged when sent; derived fields are ignored',
    examples: [
      {
        title: 'Write the privacy page',
        description: '',
        status: 'done',
        priority: 'high',
        assigneeId: null,
        dueDate: null,
      },
    ],
  });

/** Where a task goes. */
export const TaskMove = z
  .strictObject({ status: StatusKey.optional(), before: Id.optional(), after: Id.optional() })
  .refine((body) => body.before === undefined || body.after === undefined, {
    message: 'give either before or after',
    path: ['after'],
  })
  .refine(
    (body) => Object.values(body).some((value) => value !== undefined),
    'must name a status, before or after',
  )
  .meta({
    id: 'TaskMove',
    description: 'A column and a neighbour in it; without a neighbour, the end of the column',
    examples: [{ status: 'in_progress', before: '66a1f0c2e4b0a1b2c3d4e602' }],
  });

/** The filters of the list. */
export const TaskFilter = z.strictObject({
  ...listQuery,
  projectId: Id.optional(),
  assigneeId: repeatable(z.union([z.enum(['me', 'none']), Id], { error: 'must be `me`, `none` or an id' }))
    .optional()
    .meta({ description: '`me`, `none` or a user’s id; repeatable' }),
  createdBy: repeatable(z.union([z.literal('me'), Id], { error: 'must be `me` or an id' }))
    .optional()
    .meta({ description: '`me` or a user’s id; repeatable' }),
  status: repeatable(StatusKey).optional().meta({ description: 'Repeatable' }),
  category: repeatable(Category).optional().meta({ description: 'Repeatable' }),
  priority: repeatable(Priority).optional().meta({ description: 'Repeatable' }),
  dueBefore: Instant.optional().meta({ description: 'Due earlier than this' }),
  dueAfter: Instant.optional().meta({ description: 'Due later than this' }),
  overdue: Flag.optional().meta({
    description: 'Due, and neither done nor cancelled; days end in your own time zone',
  }),
  updatedSince: Instant.optional().meta({ description: 'Changed at this time or later' }),
  q: lineOf(200)
    .optional()
    .meta({ description: 'Beginnings of words of the title, all of them; or a key such as WEB-12' }),
  deleted: Flag.optional().meta({ description: '`true`: the trash instead' }),
  sort: sortBy(['rank', 'dueDate', 'priority', 'createdAt', 'updatedAt', 'number'], 'rank'),
});

/** The path of one task. */
export const TaskPath = z.strictObject({ id: Id });

/** The path of a task by its key. */
export const TaskKeyPath = z.strictObject({
  id: Id,
  key: z
    .string()
    .regex(/^[A-Z]{2,10}-[1-9]\d{0,9}$/)
    .meta({ description: 'A task key', examples: ['WEB-12'] }),
});
