import { expect } from 'vitest';
import { forgetAll } from '../src/caches.ts';
import { EventModel } from '../src/events/index.ts';
import { UserModel } from '../src/features/users/user.model.ts';
import type { Answer, Person, TestApp } from './app.ts';

/** One person for every role in a project, and one who is in none. */
export interface Cast {
  owner: Person;
  manager: Person;
  member: Person;
  viewer: Person;
  stranger: Person;
}

/** A role that is given to people added to a project. */
type GivenRole = 'manager' | 'member' | 'viewer';

/** Registers the cast. */
export async function makeCast(api: TestApp): Promise<Cast> {
  const [owner, manager, member, viewer, stranger] = await Promise.all([
    api.register('Olga Owner'),
    api.register('Max Manager'),
    api.register('Mia Member'),
    api.register('Vic Viewer'),
    api.register('Sam Stranger'),
  ]);
  return { owner, manager, member, viewer, stranger };
}

/** Registers somebody who is an administrator at each of the instances. */
export async function makeAdmin(api: TestApp, ...others: TestApp[]): Promise<Person> {
  const admin = await api.register('Ada Admin');
  await UserModel.updateOne({ _id: admin.user.id }, { roles: ['admin'] });
  // No event tells of it.
  for (const app of [api, ...others]) forgetAll(app.instance.deps.caches);
  return admin;
}

/** Adds a person to a project in the owner's name. */
export async function addTo(api: TestApp, cast: Cast, projectId: string, person: Person, role: GivenRole) {
  const body = { userId: person.user.id, role };
  const answer = await api.request('POST', `/api/projects/${projectId}/members`, {
    token: cast.owner.token,
    body,
  });
  expect(answer.status).toBe(201);
  return answer;
}

let made = 0;

/** Makes a project of the owner with everybody of the cast but the stranger in it; gives it as the owner sees it. */
export async function makeProject(api: TestApp, cast: Cast, fields: object = {}) {
  made += 1;
  const name = `Project ${String(made)}`;
  const { token } = cast.owner;
  const { status, body } = await api.request('POST', '/api/projects', { token, body: { name, ...fields } });
  expect(status).toBe(201);
  for (const role of ['manager', 'member', 'viewer'] as const)
    await addTo(api, cast, String(body.id), cast[role], role);
  return (await api.request('GET', `/api/projects/${String(body.id)}`, { token })).body;
}

/** What was announced about a thing, oldest first. */
export async function eventsAbout(subjectId: string) {
  const events = await EventModel.find({ 'subject.id': subjectId }).lean();
  return events.sort(
    (a, b) => a.at.getTime() - b.at.getTime() || (a.subject.version ?? 0) - (b.subject.version ?? 0),
  );
}

/** Status and code of a refusal. */
export const refusal = ({ status, body }: Answer): [number, unknown] => [status, body?.code];

/** Where the faults of a refusal are, in order. */
export const pointersOf = ({ body }: Answer): string[] =>
  (body.errors as { pointer: string }[]).map(({ pointer }) => pointer).sort();

/** The ids of a page. */
export const idsOf = ({ body }: Answer): string[] => (body.items as { id: string }[]).map(({ id }) => id);
