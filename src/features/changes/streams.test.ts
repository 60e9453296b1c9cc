import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventModel } from '../../events/index.ts';
import { startApp, type Person, type TestApp } from '../../../test/app.ts';
import { eventually } from '../../../test/eventually.ts';
import { addTo, makeCast, makeProject, refusal, type Cast } from '../../../test/scene.ts';
import { openStream, type OpenStream, type Opening } from '../../../test/streams.ts';

let api: TestApp;
let elsewhere: TestApp;
let cast: Cast;
// Answers are read freely.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- see the line above
let project: any;
const open: OpenStream[] = [];

beforeAll(async () => {
  api = await startApp({ STREAM_HEARTBEAT_MS: '1000', STREAMS_PER_USER: '20', STREAM_BUFFER_KB: '16' });
  elsewhere = await api.second();
  cast = await makeCast(api);
  project = await makeProject(api, cast);
});
/** What happened before a stream begins must have its number, or it comes by the stream. */
const numbered = () =>
  eventually(async () => {
    expect(await EventModel.countDocuments({ seq: { $exists: false } })).toBe(0);
  });
afterAll(async () => {
  for (const stream of open) stream.close();
  await api.close();
});

async function follow(person: Person | undefined, opening: Opening = {}, app = api): Promise<OpenStream> {
  if (opening.lastEventId === undefined) await numbered();
  const stream = await openStream(app, { token: person?.token, ...opening });
  open.push(stream);
  return stream;
}

async function addTask(title: string, { person = cast.member, projectId = String(project.id) } = {}) {
  const answer = await api.request('POST', '/api/tasks', { token: person.token, body: { projectId, title } });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

const titles = ({ frames }: OpenStream): unknown[] => frames.map(({ data }) => data.data?.title ?? data.name);

describe('a stream', () => {
  it('tells what happens as it happens, with the entries of the feed', async () => {
    const stream = await follow(cast.viewer);
    expect([stream.status, stream.headers['content-type']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    const { nextCursor } = (
      await api.request('GET', '/api/changes', { token: cast.viewer.token, query: { since: 'now' } })
    ).body;
    await addTask('Live');
    await stream.until(() => stream.frames.length > 0);
    const feed = await api.request('GET', '/api/changes', {
      token: cast.viewer.token,
      query: { since: nextCursor },
    });
    expect(stream.frames.map(({ data }) => data)).toEqual(feed.body.items);
    expect(stream.frames[0]).toMatchObject({ event: 'change', id: feed.body.nextCursor });
    // Answered when it had begun, not when it ends.
    const { text } = await api.request('GET', '/metrics');
    expect(text).toMatch(/_count\{method="GET",route="\/api\/events",status="200"\} 1$/m);
    stream.close();
  });

  it('goes on after the last id without gap or repetition, wherever it was cut, on either process', async () => {
    const { token } = cast.viewer;
    const first = await follow(cast.viewer);
    await first.until(() => first.lastId() !== undefined);
    let lastId = first.lastId();
    const seen: number[] = [];
    const start = (await api.request('GET', '/api/changes', { token, query: { since: 'now' } })).body
      .nextCursor;
    const cuts = 100;
    let isWriting = true;
    const writing = (async () => {
      for (let number = 0; isWriting; number += 1) await addTask(`Cut ${String(number)}`);
    })();
    first.close();
    for (let cut = 0; cut < cuts; cut += 1) {
      const stream = await follow(cast.viewer, { lastEventId: lastId }, cut % 2 === 0 ? api : elsewhere);
      await sleep(Math.random() * 40);
      stream.close();
      seen.push(...stream.frames.map(({ data }) => Number(data.seq)));
      lastId = stream.frames.at(-1)?.id ?? lastId;
    }
    isWriting = false;
    await writing;
    const last = await follow(cast.viewer, { lastEventId: lastId });
    const expected: number[] = [];
    await sleep(500);
    for (let since = start, more = true; more;) {
      const { body } = await api.request('GET', '/api/changes', { token, query: { since, limit: '200' } });
      expected.push(...(body.items as { seq: number }[]).map(({ seq }) => seq));
      [since, more] = [body.nextCursor, body.hasMore];
    }
    await last.until(() => last.frames.at(-1)?.data.seq === expected.at(-1) || last.frames.length === 0);
    seen.push(...last.frames.map(({ data }) => Number(data.seq)));
    last.close();
    expect(expected.length).toBeGreaterThan(50);
    expect(seen).toEqual(expected);
  });

  it('shows nobody what they may not see, and tells who loses sight of a project', async () => {
    const mine = await makeProject(api, cast);
    const [viewer, stranger, owner] = await Promise.all([
      follow(cast.viewer),
      follow(cast.stranger),
      follow(cast.owner, { query: { projectId: String(mine.id) } }),
    ]);
    await addTask('Before', { projectId: mine.id });
    await viewer.until(() => titles(viewer).includes('Before'));
    const path = `/api/projects/${String(mine.id)}/members/${cast.viewer.user.id}`;
    expect((await api.request('DELETE', path, { token: cast.owner.token })).status).toBe(204);
    await addTask('After', { projectId: mine.id });
    // Rights are judged at delivery: it must have been delivered before the stranger comes in.
    await owner.until(() => titles(owner).includes('After'));
    await addTo(api, cast, mine.id, cast.stranger, 'viewer');
    await addTask('Elsewhere');
    await addTask('At last', { projectId: mine.id });
    await owner.until(() => titles(owner).includes('At last'));
    await viewer.until(() => titles(viewer).includes('Elsewhere'));
    await stranger.until(() => titles(stranger).includes('At last'));
    expect(titles(viewer)).toEqual(['Before', 'access.revoked', 'Elsewhere']);
    expect(viewer.frames[1]?.data).toMatchObject({
      subject: { type: 'project', id: mine.id },
      data: { cause: 'member.removed' },
      deleted: true,
    });
    expect(titles(stranger)).toEqual(['access.granted', 'At last']);
    expect(titles(owner)).toEqual(['Before', 'member.removed', 'After', 'member.added', 'At last']);
    for (const stream of [viewer, stranger, owner]) {
      expect(stream.text()).not.toContain('@example.com');
      expect(stream.text()).not.toContain('memberIds');
      stream.close();
    }
  });

  it('tells everybody in it that a project went to the trash and came back', async () => {
    const mine = await makeProject(api, cast);
    const { token } = cast.owner;
    const streams = await Promise.all([follow(cast.viewer), follow(cast.owner), follow(cast.stranger)]);
    await api.request('DELETE', `/api/projects/${String(mine.id)}`, { token });
    await api.request('POST', `/api/projects/${String(mine.id)}/restore`, { token });
    await addTask('Afterwards', { projectId: mine.id });
    const [viewer, owner, stranger] = streams;
    for (const stream of [viewer, owner]) {
      await stream?.until(() => titles(stream).includes('Afterwards'));
      expect(stream && titles(stream)).toEqual(['access.revoked', 'access.granted', 'Afterwards']);
      stream?.close();
    }
    expect(stranger?.frames).toEqual([]);
    stranger?.close();
  });

  it('ends when the session expires, and not with the access token', async () => {
    const stream = await follow(await api.register());
    const [anHour, aYear] = [3_600_000, 366 * 86_400_000];
    api.clock.advance(anHour);
    await sleep(1_000);
    expect(stream.isClosed()).toBe(false);
    api.clock.advance(aYear);
    await stream.until(() => stream.isClosed(), 1_000);
    api.clock.advance(-anHour - aYear);
  });

  it('shows a sign of life with an id that moves on', async () => {
    const stream = await follow(cast.stranger);
    await stream.until(() => stream.lastId() !== undefined);
    const before = stream.lastId();
    await addTask('Not for strangers');
    await stream.until(() => stream.text().includes(': alive') && stream.lastId() !== before);
    expect(stream.frames).toEqual([]);
    expect(stream.text()).toContain('retry: ');
    stream.close();
  });

  it('is refused for a wrong id, a foreign project and too many at once', async () => {
    for (const lastEventId of ['x', '1', 'AAAAAAAAAAAAAAAA.1', 'now']) {
      const stream = await follow(cast.viewer, { lastEventId });
      expect(stream.status).toBe(400);
    }
    expect((await follow(cast.stranger, { query: { projectId: String(project.id) } })).status).toBe(404);
    const person = await api.register();
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(person)));
    const more = await follow(person);
    expect([more.status, more.headers['retry-after']]).toEqual([429, '5']);
    for (const stream of streams) stream.close();
    await sleep(200);
    const again = await follow(person);
    expect(again.status).toBe(200);
    again.close();
  });

  it('is told to come back when nobody reads it, and misses nothing then', async () => {
    const { id } = await addTask('Long');
    const stream = await follow(cast.viewer, { query: { projectId: String(project.id) } });
    await stream.until(() => stream.lastId() !== undefined);
    stream.pause();
    const { token } = cast.member;
    const isDismissed = async () => {
      const { text } = await api.request('GET', '/metrics');
      return /^event_streams_open 0$/m.test(text);
    };
    let edits = 0;
    while (edits < 500 && !(await isDismissed())) {
      edits += 1;
      const body = { description: String(edits % 10).repeat(50_000) };
      await api.request('PATCH', `/api/tasks/${String(id)}`, { token, body });
    }
    stream.resume();
    await stream.until(() => stream.isClosed(), 15_000);
    expect(stream.frames.at(-1)).toMatchObject({ event: 'resync', data: { reason: 'slow' } });
    const seen = stream.frames.length - 1;
    expect(seen).toBeLessThan(edits);
    const lastEventId = stream.lastId();
    const again = await follow(cast.viewer, { query: { projectId: String(project.id) }, lastEventId });
    await again.until(() => seen + again.frames.length === edits, 15_000);
    again.close();
  });

  it('answers HEAD with the headers only', async () => {
    const { token } = cast.viewer;
    const answer = await api.request('HEAD', '/api/events', { token });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([
      200,
      '',
      'text/event-stream; charset=utf-8',
    ]);
  });
});

describe('a ticket', () => {
  const issue = async () =>
    (await api.request('POST', '/api/events/ticket', { token: cast.viewer.token })).body.ticket as string;

  it('opens one stream without a token, once', async () => {
    const ticket = await issue();
    const rivals = await Promise.all(
      Array.from({ length: 10 }, () => follow(undefined, { query: { ticket } })),
    );
    expect(rivals.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 401)]);
    const stream = rivals.find(({ status }) => status === 200);
    await addTask('By ticket');
    await stream?.until(() => titles(stream).includes('By ticket'));
    for (const one of rivals) one.close();
  });

  it('goes on after an id given in the address', async () => {
    const { token } = cast.viewer;
    const since = (await api.request('GET', '/api/changes', { token, query: { since: 'now' } })).body
      .nextCursor;
    await addTask('Missed');
    const stream = await follow(undefined, { query: { ticket: await issue(), lastEventId: since } });
    await stream.until(() => titles(stream).includes('Missed'));
    stream.close();
  });

  it('is stored as a digest, expires after 30 seconds and opens nothing else', async () => {
    const ticket = await issue();
    const stored = await EventModel.db.collection('event_tickets').find().toArray();
    expect(JSON.stringify(stored)).not.toContain(ticket);
    expect(refusal(await api.request('GET', '/api/tasks', { query: { ticket } }))).toEqual([
      401,
      'auth.required',
    ]);
    api.clock.advance(31_000);
    const late = await follow(undefined, { query: { ticket } });
    expect(late.status).toBe(401);
    api.clock.advance(-31_000);
  });
});

describe('stopping', () => {
  it('ends the streams with a hint when to come back and opens no more', async () => {
    const stopping = await api.second();
    const stream = await follow(cast.viewer, {}, stopping);
    stopping.instance.drain();
    await stream.until(() => stream.isClosed());
    expect(stream.text()).toMatch(/retry: \d+\n\n$/);
    expect((await follow(cast.viewer, {}, stopping)).status).toBe(503);
    expect((await follow(cast.viewer)).status).toBe(200);
  });
});
