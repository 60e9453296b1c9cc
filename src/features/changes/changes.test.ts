import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel, logHead, purgeEvents } from '../../events/index.ts';
import { startApp, type Person, type TestApp } from '../../../test/app.ts';
import { addTo, makeCast, makeProject, refusal, type Cast } from '../../../test/scene.ts';

let api: TestApp;
let cast: Cast;

beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
});
afterAll(() => api.close());

const ask = (person: Person, query: Record<string, string> = {}) =>
  api.request('GET', '/api/changes', { token: person.token, query });

const now = async (person: Person, query: Record<string, string> = {}): Promise<string> => {
  await numbered();
  return (await ask(person, { since: 'now', ...query })).body.nextCursor;
};

/** Waits until every event has its number. */
async function numbered(): Promise<void> {
  while ((await EventModel.countDocuments({ seq: { $exists: false } })) > 0)
    await new Promise((done) => setTimeout(done, 5));
}

async function namesSince(person: Person, since: string, query: Record<string, string> = {}) {
  await numbered();
  const { status, body, text } = await ask(person, { since, ...query });
  expect(status, text).toBe(200);
  return (body.items as { name: string }[]).map(({ name }) => name);
}

async function addTask(projectId: string, title = 'A task') {
  const { body } = await api.request('POST', '/api/tasks', {
    token: cast.member.token,
    body: { projectId, title },
  });
  return body;
}

describe('GET /api/changes', () => {
  it('tells everything from the beginning, in one order, in pages that fit together', async () => {
    const project = await makeProject(api, cast);
    for (let count = 0; count < 7; count += 1) await addTask(project.id, `Task ${String(count)}`);
    await numbered();
    const whole = (await ask(cast.viewer, { limit: '200' })).body;
    const parts: unknown[] = [];
    for (let since: string | undefined, more = true; more;) {
      const page = (await ask(cast.viewer, { limit: '3', ...(since !== undefined && { since }) })).body;
      parts.push(...page.items);
      [since, more] = [page.nextCursor, page.hasMore];
    }
    expect(parts).toEqual(whole.items);
    const seqs = (whole.items as { seq: number }[]).map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(whole.hasMore).toBe(false);
    // The end is a cursor too.
    expect((await ask(cast.viewer, { since: whole.nextCursor })).body).toEqual({
      items: [],
      nextCursor: whole.nextCursor,
      hasMore: false,
    });
  });

  it('shows an entry with its actor, its changes and what helps to show it', async () => {
    const project = await makeProject(api, cast);
    const task = await addTask(project.id, 'Paint it');
    const since = await now(cast.viewer);
    await api.request('PATCH', `/api/tasks/${String(task.id)}`, {
      token: cast.member.token,
      body: { status: 'done' },
    });
    await api.request('DELETE', `/api/tasks/${String(task.id)}`, { token: cast.member.token });
    await numbered();
    const { items } = (await ask(cast.viewer, { since })).body;
    expect(items).toEqual([
      expect.objectContaining({
        name: 'task.completed',
        actor: { id: cast.member.user.id, name: 'Mia Member', avatar: null },
        subject: { type: 'task', id: task.id, version: 2 },
        changes: expect.arrayContaining([{ field: 'status', from: 'todo', to: 'done' }]),
        projectId: project.id,
        data: { number: task.number, title: 'Paint it' },
        deleted: false,
      }),
      expect.objectContaining({
        name: 'task.deleted',
        deleted: true,
        subject: { type: 'task', id: task.id, version: 3 },
      }),
    ]);
  });

  it('tells of projects that come into sight and go out of it, by the rights of now', async () => {
    const project = await makeProject(api, cast);
    const since = await now(cast.stranger);
    await addTo(api, cast, project.id, cast.stranger, 'viewer');
    await addTask(project.id);
    expect(await namesSince(cast.stranger, since)).toEqual(['access.granted', 'task.created']);
    const path = `/api/projects/${String(project.id)}/members/${cast.stranger.user.id}`;
    await api.request('PATCH', path, { token: cast.owner.token, body: { role: 'member' } });
    expect(await namesSince(cast.stranger, since)).toEqual([
      'access.granted',
      'task.created',
      'member.role_changed',
    ]);
    await api.request('DELETE', path, { token: cast.owner.token });
    await addTask(project.id);
    expect(await namesSince(cast.stranger, since)).toEqual(['access.revoked']);
    expect(await namesSince(cast.viewer, await now(cast.viewer))).toEqual([]);
  });

  it('tells everybody of a project in the trash, back from it and handed over', async () => {
    const project = await makeProject(api, cast);
    const [path, { token }] = [`/api/projects/${String(project.id)}`, cast.owner];
    const since = await now(cast.viewer);
    const strange = await now(cast.stranger);
    await api.request('POST', `${path}/transfer`, { token, body: { userId: cast.manager.user.id } });
    await api.request('DELETE', path, { token: cast.manager.token });
    expect(await namesSince(cast.viewer, since)).toEqual(['access.revoked']);
    await api.request('POST', `${path}/restore`, { token: cast.manager.token });
    expect(await namesSince(cast.viewer, since)).toEqual([
      'project.updated',
      'member.role_changed',
      'member.role_changed',
      'access.revoked',
      'access.granted',
    ]);
    expect(await namesSince(cast.stranger, strange)).toEqual([]);
  });

  it('tells people of their own account, and nobody of anybody else’s or of logins', async () => {
    const [mine, other] = [await api.register('Me Myself'), await api.register('Somebody Else')];
    const [since, theirs] = [await now(mine), await now(other)];
    const { token, email, password } = mine;
    const moved = `moved.${email}`;
    await api.request('PATCH', '/api/users/me', { token, body: { email: moved, currentPassword: password } });
    await api.request('POST', '/api/auth/login', { body: { email: moved, password } });
    await api.request('POST', '/api/auth/login', { body: { email: moved, password: 'quite wrong here' } });
    expect(await namesSince(mine, since)).toEqual(['user.updated']);
    expect(await namesSince(other, theirs)).toEqual([]);
    const everything = await Promise.all(
      [other, ...Object.values(cast)].map(async (person) => (await ask(person, { limit: '200' })).text),
    );
    for (const text of everything) expect(text).not.toContain(moved);
  });

  it('keeps to one project when asked', async () => {
    const [one, two] = [await makeProject(api, cast), await makeProject(api, cast)];
    const projectId = String(one.id);
    const since = await now(cast.viewer, { projectId });
    await addTask(two.id);
    await addTask(one.id);
    expect(await namesSince(cast.viewer, since, { projectId })).toEqual(['task.created']);
    expect(refusal(await ask(cast.stranger, { projectId }))).toEqual([404, 'project.not_found']);
  });

  it('refuses cursors of others, of other filters, of the future and of nobody', async () => {
    const project = await makeProject(api, cast);
    const mine = await now(cast.viewer);
    const digest = mine.split('.')[0] ?? '';
    const future = `${digest}.${((await logHead()) + 1_000).toString(36)}`;
    const wrong = [
      await now(cast.owner),
      await now(cast.viewer, { projectId: project.id }),
      future,
      'x',
      `${mine}0000000000`,
      `${digest}.00${mine.split('.')[1] ?? ''}`,
      `${digest}.`,
      'NOW',
    ];
    for (const since of wrong)
      expect(refusal(await ask(cast.viewer, { since })), since).toEqual([400, 'request.invalid_cursor']);
    expect((await ask(cast.viewer, { since: mine })).status).toBe(200);
  });

  it('passes a long stretch of others’ events in short pages that move on', async () => {
    const since = await now(cast.stranger);
    const head = await logHead();
    const [sample] = await EventModel.find({ name: 'task.created' }).limit(1).lean();
    const others = Array.from({ length: 6_000 }, (_, index) => {
      const { _id, ...rest } = sample ?? {};
      return { ...rest, seq: head + 1 + index, _unused: undefined, copyOf: String(_id) };
    });
    await EventModel.collection.insertMany(others.map(({ _unused, copyOf, ...event }) => event as never));
    const first = (await ask(cast.stranger, { since })).body;
    expect(first).toMatchObject({ items: [], hasMore: true });
    const second = (await ask(cast.stranger, { since: first.nextCursor })).body;
    expect(second).toMatchObject({ items: [], hasMore: false });
    await EventModel.collection.deleteMany({ seq: { $gt: head } });
  });
});

describe('events that are no longer kept', () => {
  it('answer 410 with a way on; the newest always stays', async () => {
    const early = (await ask(cast.viewer, { limit: '1' })).body.nextCursor as string;
    await numbered();
    const head = await logHead();
    await purgeEvents(new Date(Date.now() + 60_000));
    expect(await EventModel.find({}, { seq: 1 }).lean()).toEqual([expect.objectContaining({ seq: head })]);
    const answer = await ask(cast.viewer, { since: early });
    expect(refusal(answer)).toEqual([410, 'changes.expired']);
    expect(answer.body.hint).toContain('since=now');
    expect((await ask(cast.viewer)).status).toBe(200);
    const since = await now(cast.viewer);
    await makeProject(api, cast);
    expect(await namesSince(cast.viewer, since)).toContain('access.granted');
  });

  it('go by their age, and those after them stay', async () => {
    await numbered();
    const events = await EventModel.find().sort({ seq: 1 }).lean();
    const middle = events[Math.floor(events.length / 2)];
    await purgeEvents(middle?.at ?? new Date());
    const kept = await EventModel.find().sort({ seq: 1 }).lean();
    expect(kept.every(({ at }) => at >= (middle?.at ?? at))).toBe(true);
    expect(kept.map(({ seq }) => seq)).toContain(middle?.seq);
  });
});
