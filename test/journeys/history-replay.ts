import fc from 'fast-check';
import { expect } from 'vitest';
import { consumers } from '../../src/consumers.ts';
import { readLog, type NumberedEvent } from '../../src/events/index.ts';
import { EventModel } from '../../src/events/event.model.ts';
import { logReadings } from '../../src/events/log-readings.ts';
import { ProjectModel } from '../../src/features/projects/project.model.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import type { TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import type { Cast } from '../scene.ts';

/** One act of a random history; `task` picks one of the tasks that exist by then. */
export type Act =
  | { kind: 'create'; title: string; assigned: boolean }
  | { kind: 'edit'; task: number; change: object }
  | { kind: 'move'; task: number; to: number }
  | { kind: 'delete' | 'restore'; task: number }
  | { kind: 'rename'; name: string }
  | { kind: 'describe'; description: string }
  | { kind: 'role'; role: 'manager' | 'member' | 'viewer' }
  | { kind: 'leave' | 'join' };

const task = fc.nat(20);
const text = fc.string({ minLength: 1, maxLength: 12 }).filter((one) => one.trim() !== '');
const change = fc.oneof(
  fc.record({ title: text }),
  fc.record({ description: fc.string({ maxLength: 20 }) }),
  fc.record({ status: fc.constantFrom('backlog', 'todo', 'in_progress', 'in_review', 'done') }),
  fc.record({ priority: fc.constantFrom('none', 'low', 'medium', 'high', 'urgent') }),
  fc.record({ dueDate: fc.constantFrom(null, '2030-01-31', '2030-02-01T12:00:00.000Z') }),
  fc.record({
    title: text,
    status: fc.constantFrom('todo', 'done'),
    priority: fc.constantFrom('low', 'high'),
  }),
);

/** Any act of a history. */
export const anyAct: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('create' as const), title: text, assigned: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('edit' as const), task, change }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), task, to: task }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('delete' as const, 'restore' as const), task }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), name: text }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('describe' as const), description: text }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('role' as const),
      role: fc.constantFrom('manager' as const, 'member' as const, 'viewer' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'join' as const) }) },
);

/** Lets several writers at two processes act a history out in a new project; gives the project. */
export async function actOut(
  apps: readonly TestApp[],
  cast: Cast,
  history: readonly Act[],
  writers: number,
): Promise<string> {
  const { token } = cast.owner;
  const made = await apps[0]?.request('POST', '/api/projects', {
    token,
    body: { name: 'Replayed', collaboratorIds: [cast.member.user.id] },
  });
  const projectId = String(made?.body.id);
  const tasks: string[] = [];
  const acts = [...history];
  const writer = async (turn: number): Promise<void> => {
    for (let act = acts.shift(); act !== undefined; act = acts.shift()) {
      const { method, path, body } = requestOf(act, projectId, tasks, cast);
      const answer = await apps[turn % apps.length]?.request(method, path, { token, body });
      expect(answer?.status, answer?.text).toBeLessThan(500);
      if (act.kind === 'create' && answer?.status === 201) tasks.push(String(answer.body.id));
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, turn) => writer(turn)));
  return projectId;
}

interface Asked {
  method: string;
  path: string;
  body?: object;
}

function requestOf(act: Act, projectId: string, tasks: readonly string[], cast: Cast): Asked {
  const pick = (at: number): string => tasks[at % Math.max(1, tasks.length)] ?? '0'.repeat(24);
  const people = `/api/projects/${projectId}/members`;
  const { id } = cast.member.user;
  switch (act.kind) {
    case 'create': {
      const body = { projectId, title: act.title, ...(act.assigned && { assigneeId: id }) };
      return { method: 'POST', path: '/api/tasks', body };
    }
    case 'edit':
      return { method: 'PATCH', path: `/api/tasks/${pick(act.task)}`, body: act.change };
    case 'move':
      return { method: 'POST', path: `/api/tasks/${pick(act.task)}/move`, body: { after: pick(act.to) } };
    case 'delete':
      return { method: 'DELETE', path: `/api/tasks/${pick(act.task)}` };
    case 'restore':
      return { method: 'POST', path: `/api/tasks/${pick(act.task)}/restore` };
    case 'rename':
      return { method: 'PATCH', path: `/api/projects/${projectId}`, body: { name: act.name } };
    case 'describe':
      return { method: 'PATCH', path: `/api/projects/${projectId}`, body: { description: act.description } };
    case 'role':
      return { method: 'PATCH', path: `${people}/${id}`, body: { role: act.role } };
    case 'leave':
      return { method: 'DELETE', path: `${people}/${id}` };
    case 'join':
      return { method: 'POST', path: people, body: { userId: id, role: 'member' } };
  }
}

interface Model {
  tasks: Record<string, Record<string, unknown>>;
  project: Record<string, unknown>;
  members: Record<string, unknown>;
}

const taskFields = [
  'title',
  'description',
  'status',
  'category',
  'priority',
  'assigneeId',
  'dueDate',
  'rank',
  'completedAt',
  'deletedAt',
] as const;
const projectFields = ['name', 'description', 'key', 'status', 'ownerId', 'deletedAt'] as const;
const empty = (fields: readonly string[]) => Object.fromEntries(fields.map((field) => [field, null]));

/** Applies every event of a project, in the order of the log, to nothing; each change must begin where the state is. */
export function replay(log: readonly NumberedEvent[]): Model {
  const model: Model = { tasks: {}, project: empty(projectFields), members: {} };
  for (const { name, subject, changes, data } of log) {
    if (subject.type === 'task')
      model.tasks[subject.id] ??= { ...empty(taskFields), number: data['number'] ?? null };
    const target =
      subject.type === 'task'
        ? model.tasks[subject.id]
        : subject.type === 'member'
          ? memberOf(model, subject.id)
          : model.project;
    for (const { field, from, to } of changes) {
      expect(target?.[field] ?? null, `${name} of ${field}`).toEqual(from);
      if (target !== undefined) target[field] = to;
    }
    if (subject.version !== null && target !== undefined) target['version'] = subject.version;
    if (subject.type === 'member') {
      model.members[subject.id] = target?.['role'] ?? null;
      model.project['version'] = data['projectVersion'];
    }
    // Whoever owns the project is in it, from its first event on.
    if (name === 'project.created') model.members[String(model.project['ownerId'])] = 'owner';
  }
  for (const [id, role] of Object.entries(model.members)) if (role === null) delete model.members[id];
  return model;
}

const memberOf = ({ members }: Model, id: string): Record<string, unknown> => ({ role: members[id] ?? null });

/** What is stored of a project, in the same form. */
export async function storedModel(projectId: string): Promise<Model> {
  const [project, tasks] = await Promise.all([
    ProjectModel.findOne({ _id: projectId }).lean(),
    TaskModel.find({ projectId }).lean(),
  ]);
  const inForm = (document: object, fields: readonly string[]) =>
    // Ids and times become text the way JSON writes them, as in events.
    JSON.parse(
      JSON.stringify(Object.fromEntries(fields.map((field) => [field, document[field as keyof object]]))),
    ) as Record<string, unknown>;
  return {
    project: inForm(project ?? {}, [...projectFields, 'version']),
    members: Object.fromEntries(
      (project?.members ?? []).map(({ userId, role }) => [userId.toHexString(), role]),
    ),
    tasks: Object.fromEntries(
      tasks.map((one) => [String(one._id), inForm(one, [...taskFields, 'number', 'version'])]),
    ),
  };
}

/** The log of a project, once every event of it has its number and nothing follows any more. */
export async function settledLog(projectId: string): Promise<NumberedEvent[]> {
  return eventually(async () => {
    const [log, count] = [
      await readLog({ after: 0, filter: { projectId }, limit: 10_000 }),
      await EventModel.countDocuments({ projectId }),
    ];
    expect(log.length).toBe(count);
    // A follower that has not come to the last event may still write.
    const { followers } = await logReadings(consumers);
    expect(followers.map(({ lag }) => lag)).toEqual(followers.map(() => 0));
    expect(await EventModel.countDocuments({ projectId })).toBe(count);
    return log;
  }, 20_000);
}
