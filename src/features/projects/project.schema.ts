import { z } from 'zod';
import {
  Id,
  lineOf,
  listQuery,
  pageOf,
  repeatable,
  sortBy,
  textOf,
  Timestamp,
  Version,
  Flag,
  wordOf,
} from '../../schemas/common.ts';

/** A project's key: the prefix of its tasks' keys. */
const Key = z
  .string()
  .regex(/^[A-Z]{2,10}$/, 'must be 2 to 10 capital letters')
  .meta({ description: 'Prefix of the task keys, unique per owner', examples: ['PRO'] });

const State = wordOf(['active', 'on_hold', 'completed', 'archived']).meta({
  description: 'An archived project is read-only until its status changes',
  examples: ['active'],
});

/** A person's role in a project. */
const Role = wordOf(['owner', 'manager', 'member', 'viewer']).meta({
  description: 'A role in a project',
  examples: ['member'],
});

const Name = lineOf(200).meta({
  description: 'One line, up to 200 characters',
  examples: ['Website relaunch'],
});
const Description = textOf(50_000).meta({
  description: 'Markdown, up to 50,000 characters',
  examples: ['Everything for the new site.'],
});

/** One task status of a project. */
const TaskStatus = z
  .strictObject({
    key: z.string().meta({ description: 'What tasks carry in `status`' }),
    name: z.string(),
    category: z.enum(['backlog', 'todo', 'in_progress', 'done', 'cancelled']),
    color: z.string().meta({ description: '#rrggbb' }),
  })
  .meta({
    id: 'ProjectTaskStatus',
    description: 'A column of the project',
    examples: [{ key: 'todo', name: 'To do', category: 'todo', color: '#3b82f6' }],
  });

const exampleProject = {
  id: '66a1f0c2e4b0a1b2c3d4e5f6',
  key: 'WEB',
  name: 'Website relaunch',
  description: 'Everything for the new site.',
  ownerId: '66a1f0c2e4b0a1b2c3d4e5f0',
  collaboratorIds: ['66a1f0c2e4b0a1b2c3d4e5f1'],
  status: 'active',
  statuses: [{ key: 'todo', name: 'To do', category: 'todo', color: '#3b82f6' }],
  role: 'owner',
  can: ['project.read', 'project.update', 'task.create'],
  createdAt: '2026-01-05T09:00:00.000Z',
  updatedAt: '2026-01-06T10:30:00.000Z',
  deletedAt: null,
  version: 3,
} as const;

/** A project as the caller sees it. */
export const Project = z
  .strictObject({
    id: Id,
    key: Key,
    name: z.string(),
    description: z.string(),
    ownerId: Id,
    collaboratorIds: z.array(Id).meta({ description: 'Everyone in the project but the owner' }),
    status: State,
    statuses: z.array(TaskStatus),
    role: Role.meta({ description: 'The caller’s own role' }),
    can: z.array(z.string()).meta({ description: 'What the caller may do with the project' }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
    deletedAt: Timestamp.nullable(),
    version: Version,
  })
  .meta({ id: 'Project', description: 'A project as the caller sees it', examples: [exampleProject] });

/** A page of projects. */
export const ProjectPage = pageOf(Project, 'ProjectPage').meta({
  description: 'One page of projects',
  examples: [{ items: [exampleProject], nextCursor: null }],
});

/** What a new project needs. */
export const ProjectCreate = z
  .strictObject({
    name: Name,
    description: Description.default(''),
    key: Key.optional(),
    status: State.default('active'),
    collaboratorIds: z
      .array(Id)
      .max(100)
      .refine((ids) => new Set(ids).size === ids.length, 'must not name anyone twice')
      .default([])
      .meta({ description: 'People to add with the role `member`' }),
  })
  .meta({
    id: 'ProjectCreate',
    description: 'A new project',
    examples: [{ name: 'Website relaunch', key: 'WEB' }],
  });

/** A change of some fields. */
export const ProjectUpdate = z
  .strictObject({
    name: Name.optional(),
    description: Description.nullable().optional(),
    key: Key.optional(),
    status: State.optional(),
  })
  .meta({
    id: 'ProjectUpdate',
    description: 'Absent fields stay; null clears the description',
    examples: [{ status: 'on_hold' }],
  });

/** Every writable field; fields of the answer may be sent along, so that GET, edit, PUT works. */
export const ProjectReplace = z
  .strictObject({
    name: Name,
    description: Description,
    key: Key,
    status: State,
    version: Version.optional().meta({ description: 'Compared like If-Match' }),
    id: Id.optional(),
    ownerId: Id.optional(),
    createdAt: Timestamp.optional(),
    collaboratorIds: z.unknown().optional(),
    statuses: z.unknown().optional(),
    role: z.unknown().optional(),
    can: z.unknown().optional(),
    updatedAt: z.unknown().optional(),
    deletedAt: z.unknown().optional(),
  })
  .meta({
    id: 'ProjectReplace',
    description:
      'All writable fields. `id`, `ownerId` and `createdAt` must be unchanged when sent; derived fields are ignored',
    examples: [{ name: 'Website relaunch', description: '', key: 'WEB', status: 'active' }],
  });

/** The filters of the list. */
export const ProjectFilter = z.strictObject({
  ...listQuery,
  status: repeatable(State).optional().meta({ description: 'Repeatable' }),
  role: repeatable(Role).optional().meta({ description: 'The caller’s role; repeatable' }),
  q: lineOf(200).optional().meta({ description: 'Beginning of the name or of the key' }),
  deleted: Flag.optional().meta({ description: '`true`: the trash instead, for owner and managers' }),
  sort: sortBy(['name', 'createdAt', 'updatedAt'], '-updatedAt'),
});

/** The path of one project. */
export const ProjectPath = z.strictObject({ id: Id });

/** Whom a project is handed to. */
export const Transfer = z.strictObject({ userId: Id }).meta({
  id: 'ProjectTransfer',
  description: 'The member who becomes the owner',
  examples: [{ userId: '66a1f0c2e4b0a1b2c3d4e5f1' }],
});
