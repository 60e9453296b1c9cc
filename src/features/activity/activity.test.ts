import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel } from '../../events/index.ts';
import { startApp, type Person, type TestApp } from '../../../test/app.ts';
import { describeDoors } from '../../../test/doors.ts';
import { makeCast, makeProject, refusal, type Cast } from '../../../test/scene.ts';

let api: TestApp;
let cast: Cast;
let projectId: string;
let taskId: string;

/** Waits until every event has its number. */
async function numbered(): Promise<void> {
  while ((await EventModel.countDocuments({ seq: { $exists: false } })) > 0)
    await new Promise((done) => setTimeout(done, 5));
}

const send = (method: string, path: string, body?: object, { token }: Person = cast.owner) =>
  api.request(method, path, { token, body });

async function history(path: string, query: Record<string, string> = {}, { token }: Person = cast.viewer) {
  await numbered();
  const { status, body, text } = await api.request('GET', `${path}/activity`, { token, query });
  expect(status, text).toBe(200);
  return body;
}

const namesOf = (page: { items: { name: string }[] }): string[] => page.items.map(({ name }) => name);

beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
  projectId = String((await makeProject(api, cast)).id);
  taskId = String((await send('POST', '/api/tasks', { projectId, title: 'Told' }, cast.member)).body.id);
  await send('PATCH', `/api/tasks/${taskId}`, { title: 'Retold', priority: 'high' }, cast.member);
  await send('PATCH', `/api/tasks/${taskId}`, { status: 'done' }, cast.manager);
  await numbered();
});
afterAll(() => api.close());

describe('the history of a task', () => {
  it('is told newest first, by whom, with what changed', async () => {
    const { items, nextCursor } = await history(`/api/tasks/${taskId}`);
    expect(nextCursor).toBeNull();
    expect(namesOf({ items })).toEqual(['task.completed', 'task.updated', 'task.created']);
    expect(items[1]).toMatchObject({
      actor: { id: cast.member.user.id, name: 'Mia Member', avatar: null },
      subject: { type: 'task', id: taskId, version: 2 },
      changes: [
        { field: 'title', from: 'Told', to: 'Retold' },
        { field: 'priority', from: 'none', to: 'high' },
      ],
    });
  });

  it('is there for a task in the trash, and goes with its project', async () => {
    const project = await makeProject(api, cast);
    const { body } = await send('POST', '/api/tasks', { projectId: project.id, title: 'Thrown away' });
    const path = `/api/tasks/${String(body.id)}`;
    await send('DELETE', path);
    expect(namesOf(await history(path))).toEqual(['task.deleted', 'task.created']);
    await send('DELETE', `/api/projects/${String(project.id)}`);
    expect(refusal(await send('GET', `${path}/activity`))).toEqual([404, 'task.not_found']);
    expect(refusal(await send('GET', `/api/projects/${String(project.id)}/activity`))).toEqual([
      404,
      'project.not_found',
    ]);
  });

  it('keeps what somebody did who has deleted their account', async () => {
    const guest = await api.register('Gil Guest');
    const { id } = await makeProject(api, cast);
    await send('POST', `/api/projects/${String(id)}/members`, { userId: guest.user.id, role: 'member' });
    const task = (await send('POST', '/api/tasks', { projectId: id, title: 'By a guest' }, guest)).body;
    const deletion = await send('DELETE', '/api/users/me', { currentPassword: guest.password }, guest);
    expect(deletion.status).toBe(204);
    const { items } = await history(`/api/tasks/${String(task.id)}`);
    expect(items[items.length - 1]).toMatchObject({
      name: 'task.created',
      actor: { id: guest.user.id, name: 'Deleted user', avatar: null },
    });
  });
});

describe('the history of a project', () => {
  it('has the project, its people and its tasks, in pages that fit together', async () => {
    const path = `/api/projects/${projectId}`;
    const whole = await history(path, { count: 'true' });
    expect(namesOf(whole)).toEqual([
      'task.completed',
      'task.updated',
      'task.created',
      'member.added',
      'member.added',
      'member.added',
      'project.created',
    ]);
    expect(whole.total).toBe(7);
    const parts: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await history(path, { limit: '2', ...(cursor !== '' && { cursor }) });
      parts.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(parts).toEqual(whole.items);
    expect(JSON.stringify(whole)).not.toContain('@example.com');
  });

  it('refuses the cursor of another history', async () => {
    const { nextCursor } = await history(`/api/projects/${projectId}`, { limit: '1' });
    const answer = await api.request('GET', `/api/tasks/${taskId}/activity`, {
      token: cast.viewer.token,
      query: { cursor: nextCursor },
    });
    expect(refusal(answer)).toEqual([400, 'request.invalid_cursor']);
  });
});

describe('the door to the history of a task', () => {
  describeDoors(
    [{ method: 'GET', path: (id) => `/api/tasks/${id}/activity`, missing: 'task.not_found' }],
    () => ({ api, cast, id: taskId }),
  );
});

describe('the door to the history of a project', () => {
  describeDoors(
    [{ method: 'GET', path: (id) => `/api/projects/${id}/activity`, missing: 'project.not_found' }],
    () => ({ api, cast, id: projectId }),
  );
});
