import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type Sending, type TestApp } from '../../../test/app.ts';
import { addTo, idsOf, makeCast, makeProject, pointersOf, refusal, type Cast } from '../../../test/scene.ts';
import { TaskModel } from './task.model.ts';

let api: TestApp;
let cast: Cast;
beforeAll(async () => {
  api = await startApp();
  cast = await makeCast(api);
});
afterAll(() => api.close());

const list = (query: Sending['query'] = {}, person: Person = cast.member) =>
  api.request('GET', '/api/tasks', { token: person.token, query });
const make = async (projectId: string, fields: object = {}) =>
  (
    await api.request('POST', '/api/tasks', {
      token: cast.member.token,
      body: { projectId, title: 'T', ...fields },
    })
  ).body as { id: string };
const newProject = async () => String((await makeProject(api, cast)).id);

/** Puts many tasks beside a first one, faster than through the API. */
async function multiply(
  id: string,
  count: number,
  fields: (turn: number) => object = () => ({}),
): Promise<void> {
  const one = await TaskModel.findOne({ _id: id }).lean();
  await TaskModel.collection.insertMany(
    Array.from({ length: count }, (_, turn) => ({
      ...one,
      ...fields(turn),
      _id: new mongoose.Types.ObjectId(),
      number: turn + 2,
      rank: String(turn + 2).padStart(8, '0'),
    })),
  );
}

describe('the list of tasks', () => {
  it('shows each task as the single resource does, and only what the caller can see', async () => {
    const projectId = await newProject();
    const { id } = await make(projectId, { description: 'long text', dueDate: '2026-12-31' });
    const single = await api.request('GET', `/api/tasks/${id}`, { token: cast.viewer.token });
    const page = await list({ projectId }, cast.viewer);
    expect(page.body).toEqual({ items: [single.body], nextCursor: null });
    expect(page.headers['cache-control']).toBe('no-store');
    expect((await list({}, cast.stranger)).body).toEqual({ items: [], nextCursor: null });
    expect(refusal(await list({ projectId }, cast.stranger))).toEqual([404, 'project.not_found']);
    expect(refusal(await list({ projectId: 'f'.repeat(24) }))).toEqual([404, 'project.not_found']);
    expect(refusal(await api.request('GET', '/api/tasks'))).toEqual([401, 'auth.required']);
  });

  it('is everything of every project of the caller, at once when they are added and no longer when they leave', async () => {
    const [one, two] = [await newProject(), await newProject()];
    const tasks = [await make(one), await make(two)];
    const person = await api.register();
    expect(idsOf(await list({}, person))).toEqual([]);
    await addTo(api, cast, one, person, 'viewer');
    await addTo(api, cast, two, person, 'viewer');
    expect(idsOf(await list({ sort: 'createdAt' }, person))).toEqual(tasks.map(({ id }) => id));
    await api.request('DELETE', `/api/projects/${two}/members/${person.user.id}`, { token: person.token });
    expect(idsOf(await list({}, person))).toEqual([tasks[0]?.id]);
  });

  it('has 50 items a page unless asked, at most 200', async () => {
    const projectId = await newProject();
    await multiply((await make(projectId)).id, 220);
    expect((await list({ projectId })).body.items).toHaveLength(50);
    expect((await list({ projectId, limit: '200' })).body.items).toHaveLength(200);
    for (const limit of ['201', '0', '-1', '1.5', 'all', ''])
      expect(pointersOf(await list({ projectId, limit }))).toEqual(['/query/limit']);
  });

  it('counts to a thousand and says when there are more', async () => {
    const projectId = await newProject();
    await multiply((await make(projectId)).id, 999);
    const count = async (query: object = {}) => {
      const { body } = await list({ projectId, limit: '1', count: 'true', ...query });
      return [body.total, body.totalIsCapped];
    };
    expect(await count()).toEqual([1_000, undefined]);
    await make(projectId);
    expect(await count()).toEqual([1_000, true]);
    expect(await count({ q: 't' })).toEqual([1_000, true]);
    expect(await count({ status: 'done' })).toEqual([0, undefined]);
    expect((await list({ projectId, count: 'false' })).body).not.toHaveProperty('total');
  });

  it('may give short pages where no index serves a filter, but loses nothing', async () => {
    const projectId = await newProject();
    const wanted = [1_990, 2_005, 4_100];
    await multiply((await make(projectId)).id, 4_200, (turn) =>
      wanted.includes(turn) ? { priority: 'urgent', priorityOrder: 4 } : {},
    );
    for (const sort of ['rank', '-number', 'dueDate', '-updatedAt']) {
      const numbers: number[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const query = {
          projectId,
          priority: 'urgent',
          sort,
          limit: '2',
          ...(cursor !== undefined && { cursor }),
        };
        const { body } = await list(query);
        numbers.push(...(body.items as { number: number }[]).map(({ number }) => number));
        cursor = (body.nextCursor as string | null) ?? undefined;
        pages += 1;
      } while (cursor !== undefined && pages < 20);
      expect(numbers.sort((a, b) => a - b)).toEqual(wanted.map((turn) => turn + 2));
      expect(pages).toBeLessThan(8);
    }
  });

  it('keeps items that do not change once each while others come and go', async () => {
    const projectId = await newProject();
    await multiply((await make(projectId)).id, 60);
    const before = idsOf(await list({ projectId, limit: '200' }));
    const walked: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list({ projectId, limit: '7', ...(cursor !== undefined && { cursor }) });
      walked.push(...idsOf(page));
      cursor = (page.body.nextCursor as string | null) ?? undefined;
      await api.request('DELETE', `/api/tasks/${idsOf(page)[0] ?? ''}`, { token: cast.owner.token });
      await make(projectId);
    } while (cursor !== undefined && walked.length < 300);
    expect(new Set(walked).size).toBe(walked.length);
    expect(before.filter((id) => !walked.includes(id))).toEqual([]);
  });
});

describe('a cursor', () => {
  it('of small pages also leads through large gaps, in both directions', async () => {
    const projectId = await newProject();
    const places = [1, 2, 3, 50, 51, 9_000, 9_001, 9_002, 700_000, 700_001];
    await multiply((await make(projectId)).id, places.length, (turn) => ({
      createdAt: new Date(Date.UTC(2020, 0, places[turn])),
    }));
    const ranked = await TaskModel.find({ projectId }).sort({ number: 1 }).lean();
    for (const [turn, { _id }] of ranked.slice(1).entries())
      await TaskModel.updateOne({ _id }, { rank: String(places[turn]).padStart(8, '0') });
    for (const sort of ['rank', 'createdAt']) {
      const whole = idsOf(await list({ projectId, sort, limit: '200' }));
      for (const [direction, ids] of [
        ['', whole],
        ['-', whole.toReversed()],
      ] as const) {
        const walked: string[] = [];
        let cursor: string | undefined;
        do {
          const query = { projectId, sort: direction + sort, limit: '2' };
          const page = await list(cursor === undefined ? query : { ...query, cursor });
          walked.push(...idsOf(page));
          cursor = (page.body.nextCursor as string | null) ?? undefined;
        } while (cursor !== undefined && walked.length < 50);
        expect(walked).toEqual(ids);
      }
    }
  });

  it('fits only the question it came from', async () => {
    const projectId = await newProject();
    await multiply((await make(projectId)).id, 9);
    const query = { projectId, limit: '2', sort: 'number', status: 'todo' };
    const cursor = String((await list(query)).body.nextCursor);
    expect((await list({ ...query, cursor, limit: '3', count: 'true' })).status).toBe(200);
    const others = [
      { ...query, sort: '-number' },
      { ...query, status: 'done' },
      { ...query, status: ['todo', 'done'] },
      { ...query, priority: 'none' },
      { ...query, q: 't' },
      { ...query, deleted: 'true' },
      { ...query, projectId: await newProject() },
      { limit: '2', sort: 'number', status: 'todo' },
    ];
    for (const other of others)
      expect(refusal(await list({ ...other, cursor }))).toEqual([400, 'request.invalid_cursor']);
  });

  it('is refused when it was made up', async () => {
    const projectId = await newProject();
    await multiply((await make(projectId, { dueDate: '2026-01-01' })).id, 9);
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const sort of ['number', 'rank', 'dueDate', '-createdAt', 'priority']) {
      const first = String((await list({ projectId, sort, limit: '2' })).body.nextCursor);
      const parsed = JSON.parse(Buffer.from(first, 'base64url').toString()) as object;
      const values = [
        { t: 1e99 },
        { $gt: '' },
        [1],
        true,
        sort === 'rank' ? 5 : 'x',
        sort === 'dueDate' ? 1 : null,
      ];
      const made = ['x', '%', encode({}), encode([]), encode({ ...parsed, i: 'x' }), first.slice(1)];
      const altered = values.flatMap((value) => [
        encode({ ...parsed, v: value }),
        encode({ ...parsed, f: value }),
      ]);
      for (const cursor of [...made, ...altered])
        expect(refusal(await list({ projectId, sort, cursor }))).toEqual([400, 'request.invalid_cursor']);
    }
    expect(pointersOf(await list({ cursor: '' }))).toEqual(['/query/cursor']);
  });
});

describe('a filter', () => {
  it('is refused by its name when it is unknown or malformed, with every fault at once', async () => {
    const faulty = {
      projectId: 'x',
      assigneeId: 'someone',
      createdBy: 'none',
      category: 'open',
      priority: 'huge',
      dueBefore: 'tomorrow',
      dueAfter: '2026-02-30T00:00:00Z',
      overdue: 'yes',
      updatedSince: '1',
      q: ' ',
      deleted: '1',
      sort: 'title',
      limit: 'x',
      count: '1',
      colour: 'red',
      'title[$ne]': 'x',
    };
    const answer = await list(faulty);
    expect(refusal(answer)).toEqual([400, 'request.invalid']);
    const places = pointersOf(answer).map((pointer) => pointer.replace(/\/0$/, ''));
    expect(places).toEqual(
      Object.keys(faulty)
        .map((name) => `/query/${name}`)
        .sort(),
    );
    const twice = { sort: ['rank', 'number'], q: ['a', 'b'], limit: ['1', '2'], deleted: ['true', 'true'] };
    expect(pointersOf(await list(twice))).toEqual([
      '/query/deleted',
      '/query/limit',
      '/query/q',
      '/query/sort',
    ]);
  });

  it('narrows to the caller, to nobody and to several people', async () => {
    const projectId = await newProject();
    const mine = await make(projectId, { assigneeId: cast.member.user.id });
    const theirs = await make(projectId, { assigneeId: cast.owner.user.id });
    const nobodys = await make(projectId);
    const find = async (assigneeId: string | string[], person = cast.member) =>
      idsOf(await list({ projectId, assigneeId, sort: 'number' }, person));
    expect(await find('me')).toEqual([mine.id]);
    expect(await find('me', cast.owner)).toEqual([theirs.id]);
    expect(await find('none')).toEqual([nobodys.id]);
    expect(await find(['none', cast.owner.user.id])).toEqual([theirs.id, nobodys.id]);
    expect(idsOf(await list({ projectId, createdBy: 'me' }, cast.owner))).toEqual([]);
  });

  it('by text finds beginnings of words and keys, whatever accents and case', async () => {
    const projectId = await newProject();
    const { key } = (await api.request('GET', `/api/projects/${projectId}`, { token: cast.member.token }))
      .body;
    const first = await make(projectId, { title: 'Über den Wolken' });
    const second = await make(projectId, { title: 'Wolken-Archiv (alt)' });
    const third = await make(projectId, { title: 'Łódź Straße Ærø' });
    const fourth = await make(projectId, { title: 'STRASSE nach Lodz' });
    const find = async (q: string) => idsOf(await list({ projectId, q, sort: 'number' }));
    for (const [q, found] of [
      ['wol', [first.id, second.id]],
      ['UBER wolk', [first.id]],
      ['archiv', [second.id]],
      ['strasse lodz', [third.id, fourth.id]],
      ['Straße łódź', [third.id, fourth.id]],
      ['aero', [third.id]],
      ['rchiv', []],
      ['wolken zebra', []],
      [`${String(key).toLowerCase()}-2`, [second.id]],
      ['.*', []],
      ['^(', []],
    ] as const)
      expect(await find(q), q).toEqual(found);
  });
});
