import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel } from '../../src/events/index.ts';
import { ProjectModel } from '../../src/features/projects/project.model.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { startApp, type Answer, type TestApp } from '../app.ts';
import { reportProof } from '../faults/report.ts';
import { eventsAbout, makeCast, makeProject, type Cast } from '../scene.ts';

const rivals = 200;

let api: TestApp;
let second: TestApp;
let cast: Cast;
const totals = { requests: 0, '5xx': 0 };
let projectId: string;
beforeAll(async () => {
  api = await startApp();
  second = await api.second();
  cast = await makeCast(api);
  projectId = String((await makeProject(api, cast)).id);
});
afterAll(async () => {
  reportProof({
    id: 'R18',
    what: 'Many at once on one task, one gap in the order, one owner, over two instances: every rule holds, no 5xx',
    counts: { ...totals },
  });
  await api.close();
});

const call = (method: string, path: string, body: object, headers = {}, on = api) =>
  on.request(method, path, { token: cast.member.token, body, headers });
const create = (title: string, on = api) => call('POST', '/api/tasks', { projectId, title }, {}, on);
const make = async (title: string) => (await create(title)).body as { id: string; rank: string };
const times = <T>(count: number, act: (turn: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, turn) => act(turn)));
/** How many answers there are of each status, with the code of a refusal. */
const statusesOf = (answers: Answer[]) => {
  const counts: Record<string, number> = {};
  totals.requests += answers.length;
  for (const { status, body } of answers) {
    if (status >= 500) totals['5xx'] += 1;
    const kind = status < 400 ? String(status) : `${String(status)} ${String(body.code)}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
};

describe(`${String(rivals)} at once`, () => {
  it('change one task without If-Match: every change happens, one after the other', async () => {
    const { id } = await make('contended');
    const answers = await times(rivals, (turn) =>
      call('PATCH', `/api/tasks/${id}`, { title: `by ${String(turn)}` }),
    );
    expect(statusesOf(answers)).toEqual({ 200: rivals });
    expect(await TaskModel.findOne({ _id: id }).lean()).toMatchObject({ version: 1 + rivals });
    expect(answers.map(({ body }) => Number(body.version)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: rivals }, (_, turn) => turn + 2),
    );
    const events = await eventsAbout(id);
    const versions = events.map(({ subject }) => subject.version ?? 0).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: rivals + 1 }, (_, turn) => turn + 1));
    const chain = events.toSorted((a, b) => (a.subject.version ?? 0) - (b.subject.version ?? 0)).slice(1);
    for (const [at, { changes }] of chain.entries())
      if (at > 0) expect(changes[0]?.from).toBe(chain[at - 1]?.changes[0]?.to);
  });

  it('change different fields of one task on two processes: nothing is lost', async () => {
    const { id } = await make('fields');
    const fields = [
      { title: 'new title' },
      { description: 'new text' },
      { priority: 'high' },
      { dueDate: '2030-01-01' },
    ];
    const answers = await times(40, (turn) =>
      call('PATCH', `/api/tasks/${id}`, fields[turn % 4] ?? {}, {}, turn % 2 === 0 ? api : second),
    );
    expect(statusesOf(answers)).toEqual({ 200: 40 });
    expect(await TaskModel.findOne({ _id: id }).lean()).toMatchObject({
      ...Object.assign({}, ...fields),
      version: 5,
    });
  });

  it('with the same If-Match: exactly one wins', async () => {
    const { id } = await make('versioned');
    const answers = await times(rivals, (turn) =>
      call('PATCH', `/api/tasks/${id}`, { title: `by ${String(turn)}` }, { 'if-match': '"1"' }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 1, '412 resource.changed': rivals - 1 });
    const winner = answers.find(({ status }) => status === 200);
    expect(await TaskModel.findOne({ _id: id }).lean()).toMatchObject({
      version: 2,
      title: winner?.body.title,
    });
    expect(await eventsAbout(id)).toHaveLength(2);
  });

  it('create tasks on two processes: numbers and places are unique, the places in order of the numbers', async () => {
    const answers = await times(rivals, (turn) =>
      create(`new ${String(turn)}`, turn % 2 === 0 ? api : second),
    );
    expect(statusesOf(answers)).toEqual({ 201: rivals });
    const made = answers.map(({ body }) => body as { number: number; rank: string; key: string });
    expect(new Set(made.map(({ number }) => number)).size).toBe(rivals);
    expect(new Set(made.map(({ rank }) => rank)).size).toBe(rivals);
    const byNumber = made.toSorted((a, b) => a.number - b.number).map(({ rank }) => rank);
    expect(byNumber).toEqual([...byNumber].sort());
  });

  it('move tasks into one gap: one total order without duplicates', async () => {
    const left = await make('left');
    const right = await make('right');
    const moved: { id: string }[] = [];
    for (let batch = 0; batch < 10; batch += 1)
      moved.push(...(await times(rivals / 10, (turn) => make(`mover ${String(batch)}.${String(turn)}`))));
    const answers = await times(rivals, (turn) =>
      call(
        'POST',
        `/api/tasks/${moved[turn]?.id ?? ''}/move`,
        turn % 2 === 0 ? { after: left.id } : { before: right.id },
      ),
    );
    expect(statusesOf(answers)).toEqual({ 200: rivals });
    const ranks = answers.map(({ body }) => String(body.rank));
    expect(new Set(ranks).size).toBe(rivals);
    expect(ranks.every((rank) => left.rank < rank && rank < right.rank)).toBe(true);
    const stored = await TaskModel.find({ projectId, rank: { $gte: left.rank, $lte: right.rank } }).lean();
    expect(stored).toHaveLength(rivals + 2);
    expect(await EventModel.countDocuments({ projectId, name: 'task.moved' })).toBe(rivals);
  });

  it('move one task: every move happens', async () => {
    const [one, two] = [await make('one'), await make('two')];
    const { id } = await make('restless');
    const answers = await times(50, (turn) =>
      call('POST', `/api/tasks/${id}/move`, { before: (turn % 2 ? one : two).id }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 50 });
    expect(await TaskModel.findOne({ _id: id }).lean()).toMatchObject({ version: 51 });
  });

  it('owner and heir hand the project to and fro: there is always exactly one owner', async () => {
    const { id } = await makeProject(api, cast);
    const people = [cast.owner, cast.manager];
    const answers = await times(40, (turn) =>
      api.request('POST', `/api/projects/${String(id)}/transfer`, {
        token: (people[turn % 2] ?? cast.owner).token,
        body: { userId: (people[(turn + 1) % 2] ?? cast.owner).user.id },
      }),
    );
    expect(answers.filter(({ status }) => status !== 200 && status !== 403)).toEqual([]);
    const project = await ProjectModel.findOne({ _id: id }).lean();
    const owners = (project?.members ?? []).filter(({ role }) => role === 'owner');
    expect(owners.map(({ userId }) => userId.toHexString())).toEqual([project?.ownerId.toHexString()]);
  });

  it('write side by side: nobody pays for the conflicts of others', async () => {
    const { id } = await make('shared');
    const before = await TaskModel.countDocuments({ projectId });
    const condition = { 'if-match': '"1"' };
    const [made, changed, claimed] = await Promise.all([
      times(60, (turn) => create(`beside ${String(turn)}`)),
      times(20, (turn) => call('PATCH', `/api/tasks/${id}`, { title: String(turn) }, condition)),
      times(20, (turn) => call('POST', '/api/projects', { name: String(turn), key: 'SAME' })),
    ]);
    expect(statusesOf(made)).toEqual({ 201: 60 });
    expect(statusesOf(changed)).toEqual({ 200: 1, '412 resource.changed': 19 });
    expect(statusesOf(claimed)).toEqual({ 201: 1, '409 project.key_taken': 19 });
    expect(await TaskModel.countDocuments({ projectId })).toBe(before + 60);
    const announced = await EventModel.find({
      'subject.id': { $in: made.map(({ body }) => body.id) },
    }).lean();
    expect(announced.map(({ name }) => name)).toEqual(Array.from({ length: 60 }, () => 'task.created'));
  });
});
