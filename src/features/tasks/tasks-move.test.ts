import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../../test/app.ts';
import {
  eventsAbout,
  idsOf,
  makeCast,
  makeProject,
  pointersOf,
  refusal,
  type Cast,
} from '../../../test/scene.ts';
import { TaskModel } from './task.model.ts';

let api: TestApp;
let cast: Cast;
beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
});
afterAll(() => api.close());

const make = async (projectId: string, fields: object = {}): Promise<{ id: string; rank: string }> => {
  const body = { projectId, title: 'T', ...fields };
  return (await api.request('POST', '/api/tasks', { token: cast.member.token, body })).body;
};
const move = (id: string, body: object, headers = {}) =>
  api.request('POST', `/api/tasks/${id}/move`, { token: cast.member.token, body, headers });
const column = async (projectId: string, status: string) =>
  idsOf(await api.request('GET', '/api/tasks', { token: cast.member.token, query: { projectId, status } }));
/** A project with three tasks to do and one in progress. */
const board = async () => {
  const { id } = (await makeProject(api, cast)) as { id: string };
  const [a, b, c, d] = [
    await make(id),
    await make(id),
    await make(id),
    await make(id, { status: 'in_progress' }),
  ];
  return { id, a: a.id, b: b.id, c: c.id, d: d.id };
};

describe('moving a task', () => {
  it('places it before or after a neighbour of its column and announces it once', async () => {
    const { id, a, b, c } = await board();
    const before = await TaskModel.findOne({ _id: c }).lean();
    const { status, headers, body } = await move(c, { before: a });
    expect([status, headers.etag]).toEqual([200, '"2"']);
    expect(await column(id, 'todo')).toEqual([c, a, b]);
    expect(await TaskModel.findOne({ _id: c }).lean()).toMatchObject({ rank: body.rank, version: 2 });
    expect((await eventsAbout(c)).slice(1)).toMatchObject([
      { name: 'task.moved', changes: [{ field: 'rank', from: before?.rank, to: body.rank }] },
    ]);
    await move(c, { after: a });
    expect(await column(id, 'todo')).toEqual([a, c, b]);
    await move(a, { before: b });
    expect(await column(id, 'todo')).toEqual([c, a, b]);
    await move(c, { after: b });
    expect(await column(id, 'todo')).toEqual([a, b, c]);
  });

  it('goes to the end of the column without a neighbour', async () => {
    const { id, a, b, c, d } = await board();
    await move(a, { status: 'todo' });
    expect(await column(id, 'todo')).toEqual([b, c, a]);
    const { body } = await move(b, { status: 'in_progress' });
    expect(body).toMatchObject({ status: 'in_progress', category: 'in_progress', completedAt: null });
    expect(await column(id, 'in_progress')).toEqual([d, b]);
    expect((await eventsAbout(b)).at(-1)).toMatchObject({ name: 'task.moved' });
  });

  it('changes column and place in one step; crossing into and out of done is what is announced', async () => {
    const { id, a, b, c, d } = await board();
    await move(a, { status: 'in_progress', before: d });
    expect(await column(id, 'in_progress')).toEqual([a, d]);
    const done = await move(b, { status: 'done' });
    expect(done.body.completedAt).toBe(done.body.updatedAt);
    const events = await eventsAbout(b);
    expect(events.map(({ name }) => name)).toEqual(['task.created', 'task.completed']);
    expect(events[1]?.changes.map(({ field }) => field).sort()).toEqual(
      ['category', 'completedAt', 'rank', 'status'].sort(),
    );
    const back = await move(b, { status: 'todo', before: c });
    expect(back.body.completedAt).toBeNull();
    expect((await eventsAbout(b)).at(-1)?.name).toBe('task.reopened');
    expect(await column(id, 'todo')).toEqual([b, c]);
  });

  it('needs a neighbour in the same column of the same project, out of the trash', async () => {
    const { id, a, b, c, d } = await board();
    const other = await board();
    await api.request('DELETE', `/api/tasks/${c}`, { token: cast.member.token });
    for (const neighbour of [a, c, d, other.a, 'f'.repeat(24)]) {
      for (const side of ['before', 'after']) {
        const answer = await move(a, { [side]: neighbour });
        expect(refusal(answer)).toEqual([422, 'task.move_target']);
        expect(pointersOf(answer)).toEqual([`/body/${side}`]);
      }
    }
    expect(refusal(await move(a, { status: 'in_progress', before: b }))).toEqual([422, 'task.move_target']);
    expect(refusal(await move(a, { status: 'someday' }))).toEqual([422, 'task.unknown_status']);
    expect(await column(id, 'todo')).toEqual([a, b]);
    expect(await eventsAbout(a)).toHaveLength(1);
  });

  it('needs one place, not two and not none', async () => {
    const { a, b, c } = await board();
    for (const body of [
      {},
      { before: b, after: c },
      { before: 'x' },
      { before: null },
      { status: '' },
      { to: b },
    ])
      expect(refusal(await move(a, body))).toEqual([400, 'request.invalid']);
    expect(refusal(await move(a, { before: c }, { 'if-match': '"7"' }))).toEqual([412, 'resource.changed']);
    expect((await move(a, { before: c }, { 'if-match': '"1"' })).status).toBe(200);
  });

  it('lets changing the status leave the place in the order', async () => {
    const { a } = await board();
    const before = await TaskModel.findOne({ _id: a }).lean();
    const body = { status: 'in_progress' };
    const answer = await api.request('PATCH', `/api/tasks/${a}`, { token: cast.member.token, body });
    expect(answer.body.rank).toBe(before?.rank);
  });

  it('keeps the order over 60 moves to random places', async () => {
    const { id } = (await makeProject(api, cast)) as { id: string };
    const order: string[] = [];
    for (let made = 0; made < 8; made += 1) order.push((await make(id)).id);
    for (let turn = 0; turn < 60; turn += 1) {
      const [moved = ''] = order.splice((turn * 5) % order.length, 1);
      const at = (turn * 3) % order.length;
      const isBefore = turn % 2 === 0;
      expect((await move(moved, { [isBefore ? 'before' : 'after']: order[at] })).status).toBe(200);
      order.splice(isBefore ? at : at + 1, 0, moved);
    }
    expect(await column(id, 'todo')).toEqual(order);
  });
});
