import { randomBytes, randomUUID } from 'node:crypto';
import { EventModel } from '../../src/events/index.ts';
import { ProjectKeyModel, ProjectModel } from '../../src/features/projects/project.model.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { EmailClaimModel } from '../../src/features/users/email-claim.model.ts';
import { UserModel } from '../../src/features/users/user.model.ts';
import type { Answer, Person, Sending, TestApp } from '../app.ts';
import type { Cast } from '../scene.ts';

/** A project with tasks, made for one trial of a use case. */
export interface Stage {
  /** Capital letters that occur in the names and keys of this stage only. */
  tag: string;
  project: { id: string };
  task: { id: string };
  neighbour: { id: string };
  /** Somebody in the project who has done nothing else, where the use case needs one. */
  person: Person;
}

/** One write of the API, to be sent to a stage. */
export interface UseCase {
  /** The operation, with what is particular about it. */
  what: string;
  method: string;
  path(stage: Stage): string;
  body?(stage: Stage): object;
  /** The owner when absent. */
  by?: (stage: Stage, cast: Cast) => Person;
  /** The people of the cast who are in the project besides the owner and the manager. */
  inProject?: 'member';
  /** Whether the stage's person is somebody new. */
  needsPerson?: boolean;
  /** What must have happened before. */
  before?(stage: Stage): [method: string, path: string, body?: object][];
  /** The status of the faultless run. */
  status: number;
  /** Whether the use case ends the session, so that nothing can be asked again. */
  endsSession?: boolean;
}

const onProject = ({ project }: Stage): string => `/api/projects/${project.id}`;
const onTask = ({ task }: Stage): string => `/api/tasks/${task.id}`;

/** Every write that takes an `Idempotency-Key`. */
export function useCases(cast: Cast): readonly UseCase[] {
  const { manager, member, stranger } = cast;
  const onMember = (person: Person) => (stage: Stage) => `${onProject(stage)}/members/${person.user.id}`;
  return [
    {
      what: 'createProject',
      method: 'POST',
      path: () => '/api/projects',
      body: ({ tag }) => ({ name: `New ${tag}`, key: `N${tag}`, collaboratorIds: [member.user.id] }),
      status: 201,
    },
    {
      what: 'createProject with a proposed key',
      method: 'POST',
      path: () => '/api/projects',
      body: ({ tag }) => ({ name: `Other ${tag}` }),
      status: 201,
    },
    {
      what: 'updateProject',
      method: 'PATCH',
      path: onProject,
      body: () => ({ name: 'Renamed' }),
      status: 200,
    },
    {
      what: 'updateProject, its key',
      method: 'PATCH',
      path: onProject,
      body: ({ tag }) => ({ key: `K${tag}` }),
      status: 200,
    },
    {
      what: 'replaceProject',
      method: 'PUT',
      path: onProject,
      body: ({ tag }) => ({ name: 'Replaced', description: '', key: tag, status: 'archived' }),
      status: 200,
    },
    { what: 'deleteProject', method: 'DELETE', path: onProject, status: 204 },
    {
      what: 'restoreProject',
      method: 'POST',
      path: (stage) => `${onProject(stage)}/restore`,
      before: (stage) => [['DELETE', onProject(stage)]],
      status: 200,
    },
    {
      what: 'transferProject',
      method: 'POST',
      path: (stage) => `${onProject(stage)}/transfer`,
      body: () => ({ userId: manager.user.id }),
      status: 200,
    },
    {
      what: 'addMember',
      method: 'POST',
      path: (stage) => `${onProject(stage)}/members`,
      body: () => ({ userId: stranger.user.id, role: 'viewer' }),
      status: 201,
    },
    {
      what: 'updateMember',
      method: 'PATCH',
      path: onMember(manager),
      body: () => ({ role: 'viewer' }),
      status: 200,
    },
    { what: 'removeMember', method: 'DELETE', path: onMember(manager), status: 204 },
    {
      what: 'createTask',
      method: 'POST',
      path: () => '/api/tasks',
      body: ({ project }) => ({ projectId: project.id, title: 'New', assigneeId: manager.user.id }),
      status: 201,
    },
    {
      what: 'createTask, refused',
      method: 'POST',
      path: () => '/api/tasks',
      body: ({ project }) => ({ projectId: project.id, title: 'New', assigneeId: stranger.user.id }),
      status: 422,
    },
    {
      what: 'updateTask',
      method: 'PATCH',
      path: onTask,
      body: () => ({ title: 'Edited', status: 'done', priority: 'high' }),
      status: 200,
    },
    {
      what: 'replaceTask',
      method: 'PUT',
      path: onTask,
      body: () => ({
        title: 'Replaced',
        description: '',
        status: 'in_progress',
        priority: 'low',
        assigneeId: manager.user.id,
        dueDate: '2030-01-31',
      }),
      status: 200,
    },
    { what: 'deleteTask', method: 'DELETE', path: onTask, status: 204 },
    {
      what: 'restoreTask',
      method: 'POST',
      path: (stage) => `${onTask(stage)}/restore`,
      before: (stage) => [['DELETE', onTask(stage)]],
      status: 200,
    },
    {
      what: 'moveTask',
      method: 'POST',
      path: (stage) => `${onTask(stage)}/move`,
      body: ({ neighbour }) => ({ after: neighbour.id }),
      status: 200,
    },
    {
      what: 'moveTask to another column',
      method: 'POST',
      path: (stage) => `${onTask(stage)}/move`,
      body: () => ({ status: 'done' }),
      status: 200,
    },
    {
      what: 'updateMe',
      method: 'PATCH',
      path: () => '/api/users/me',
      body: ({ tag, person }) => ({
        name: 'Another Name',
        email: `${tag}@example.com`,
        currentPassword: person.password,
      }),
      by: ({ person }) => person,
      needsPerson: true,
      status: 200,
    },
    {
      what: 'deleteMe',
      method: 'DELETE',
      path: () => '/api/users/me',
      body: ({ person }) => ({ currentPassword: person.password }),
      by: ({ person }) => person,
      needsPerson: true,
      status: 204,
      endsSession: true,
    },
    {
      what: 'administerUser',
      method: 'PATCH',
      path: ({ person }) => `/api/users/${person.user.id}`,
      body: () => ({ disabled: true }),
      by: () => cast.stranger,
      needsPerson: true,
      status: 200,
    },
  ];
}

const letters = (count: number): string =>
  Array.from(randomBytes(count), (byte) => String.fromCharCode(65 + (byte % 26))).join('');

/** Makes the stage of one trial. */
export async function setStage(api: TestApp, cast: Cast, useCase: UseCase): Promise<Stage> {
  const { token } = cast.owner;
  const must = async (method: string, path: string, body?: object): Promise<{ id: string }> => {
    const answer = await api.request(method, path, { token, ...(body && { body }) });
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.text}`);
    return answer.body as { id: string };
  };
  const tag = letters(8);
  const person = useCase.needsPerson === true ? await api.register() : cast.member;
  const project = await must('POST', '/api/projects', {
    name: `Stage ${tag}`,
    key: tag,
    collaboratorIds: [cast.manager.user.id, ...(useCase.needsPerson === true ? [person.user.id] : [])],
  });
  const [task, neighbour] = [
    await must('POST', '/api/tasks', {
      projectId: project.id,
      title: 'Task',
      assigneeId: cast.owner.user.id,
    }),
    await must('POST', '/api/tasks', { projectId: project.id, title: 'Neighbour' }),
  ];
  const stage = { tag, project, task, neighbour, person };
  for (const [method, path, body] of useCase.before?.(stage) ?? []) await must(method, path, body);
  return stage;
}

/** Makes what a use case sends to a stage, again and again under one key. */
export function sendingOf(useCase: UseCase, stage: Stage, cast: Cast) {
  const key = randomUUID();
  const by = useCase.by?.(stage, cast) ?? cast.owner;
  let attempts = 0;
  return {
    method: useCase.method,
    path: useCase.path(stage),
    next: (): Sending => {
      attempts += 1;
      return {
        token: by.token,
        body: useCase.body?.(stage),
        headers: { 'idempotency-key': key, 'x-request-id': `${stage.tag}-${String(attempts)}` },
      };
    },
  };
}

/** What a trial has left behind: events and stored state, without what differs from trial to trial. */
export async function effectOf({ tag, project, person }: Stage): Promise<string> {
  const [projects, users] = await Promise.all([
    ProjectModel.find({ $or: [{ _id: project.id }, { name: { $regex: ` ${tag}$` } }] })
      .sort({ _id: 1 })
      .lean(),
    UserModel.find({ _id: person.user.id }).lean(),
  ]);
  const ids = projects.map(({ _id }) => _id);
  const [heard, tasks, claims, addresses] = await Promise.all([
    EventModel.find({ $or: [{ projectId: { $in: ids } }, { 'subject.id': person.user.id }] }).lean(),
    TaskModel.find({ projectId: { $in: ids } })
      .sort({ number: 1 })
      .lean(),
    ProjectKeyModel.find({ _id: { $regex: `/.?${tag}$` } })
      .sort({ _id: 1 })
      .lean(),
    EmailClaimModel.countDocuments({ _id: { $regex: `^${tag}@`, $options: 'i' } }),
  ]);
  const events = heard.filter(({ requestId }) => requestId.startsWith(`${tag}-`));
  const told = events.map(({ name, subject, changes, data }) => ({ name, subject, changes, data }));
  const lines = [told, projects, tasks, users, claims].flatMap((found) =>
    found.map((one) => plain(one, tag)).sort(),
  );
  return [...lines, `${String(addresses)} addresses`].join('\n');
}

const hidden = new Set(['number', 'rank', 'email', 'emailNormalised']);

/** Numbers and places may have gaps where a write was lost; ids and times are new in every trial. */
const plain = (value: object, tag: string): string =>
  JSON.stringify(value, (name, inner: unknown) => (hidden.has(name) ? '#' : inner))
    .replace(/"[0-9a-f]{24}/g, '"#')
    .replaceAll(new RegExp(tag, 'gi'), '~')
    .replace(/"(?:0{5}\w{3}|O[A-Z]{1,3})"/g, '"#"')
    .replace(/person[\w.]+@/g, 'person@')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '@');

/** The answer as the client keeps it. */
export const textOf = ({ status, text, headers }: Answer): string =>
  `${String(status)} ${String(headers['etag'])} ${text}`;
