import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../../test/app.ts';
import { reportProof } from '../../../test/faults/report.ts';
import { makeCast, makeProject, type Cast } from '../../../test/scene.ts';
import { openStream, type OpenStream } from '../../../test/streams.ts';

const cuts = 1_000;
/** Both ends are in this process, which may usually open 20,000 files: LONG_STREAMS=10000 needs a few more. */
const streamCount = Number(process.env['LONG_STREAMS'] ?? '9500');
const chromium = '/usr/bin/chromium';

let api: TestApp;
let elsewhere: TestApp;
let cast: Cast;
let projectId: string;

beforeAll(async () => {
  api = await startApp({ STREAMS_PER_USER: '100000', SHED_IN_FLIGHT: '0' });
  elsewhere = await api.second();
  cast = await makeCast(api);
  projectId = String((await makeProject(api, cast)).id);
});
afterAll(() => api.close());

const addTask = (title: string) =>
  api.request('POST', '/api/tasks', { token: cast.member.token, body: { projectId, title } });

/** Where the feed of the viewer ends. */
async function end(): Promise<string> {
  await sleep(1_000);
  const query = { since: 'now', projectId };
  return (await api.request('GET', '/api/changes', { token: cast.viewer.token, query })).body.nextCursor;
}

async function numbersSince(start: string): Promise<number[]> {
  const numbers: number[] = [];
  for (let since = start, more = true; more;) {
    const query = { since, projectId, limit: '200' };
    const { body } = await api.request('GET', '/api/changes', { token: cast.viewer.token, query });
    numbers.push(...(body.items as { seq: number }[]).map(({ seq }) => seq));
    [since, more] = [body.nextCursor, body.hasMore];
  }
  return numbers;
}

describe('streams at full volume', () => {
  it(`miss and repeat nothing over ${String(cuts)} cuts on two processes`, async () => {
    const start = await end();
    let lastEventId = start;
    let isWriting = true;
    const writing = (async () => {
      for (let number = 0; isWriting; number += 1) {
        await addTask(`Cut ${String(number)}`);
        await sleep(5);
      }
    })();
    const seen: number[] = [];
    const listen = async (app: TestApp, ms: number): Promise<void> => {
      const stream = await openStream(app, { token: cast.viewer.token, query: { projectId }, lastEventId });
      await sleep(ms);
      stream.close();
      seen.push(...stream.frames.map(({ data }) => Number(data.seq)));
      lastEventId = stream.frames.at(-1)?.id ?? lastEventId;
    };
    for (let cut = 0; cut < cuts; cut += 1) await listen(cut % 2 === 0 ? api : elsewhere, Math.random() * 60);
    isWriting = false;
    await writing;
    await listen(api, 3_000);
    expect(seen).toEqual(await numbersSince(start));
    reportProof({
      id: 'Streams cut',
      what: 'One follower of the stream comes back with its last id again and again, by turns on two processes',
      counts: { cuts, entries: seen.length, missed: 0, repeated: 0, 'out of order': 0 },
    });
  });

  it(`${String(streamCount)} streams get every event once and in order, with less than 40 KB each`, async () => {
    const start = await end();
    const before = process.memoryUsage().rss;
    const streams: OpenStream[] = [];
    for (let opened = 0; opened < streamCount; opened += 100) {
      const some = Array.from({ length: 100 }, (_, index) =>
        openStream(index % 2 === 0 ? api : elsewhere, { token: cast.viewer.token, query: { projectId } }),
      );
      streams.push(...(await Promise.all(some)));
    }
    const each = (process.memoryUsage().rss - before) / streamCount / 1024;
    // The clients are in this process too: both ends together.
    console.log(`${each.toFixed(1)} KB of memory a stream, client included`);
    for (let number = 0; number < 20; number += 1) await addTask(`Told ${String(number)}`);
    await sleep(2_000);
    const expected = await numbersSince(start);
    for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(500))
      if (streams.every(({ frames, isClosed }) => isClosed() || frames.length >= expected.length)) break;
    // A busy server tells some to come back, as it may; what they have heard then counts as one.
    const seen = await Promise.all(
      streams.map(async (stream) => {
        const numbers = stream.frames.map(({ data }) => Number(data.seq));
        if (!stream.isClosed()) return numbers;
        const query = { projectId };
        const again = await openStream(api, {
          token: cast.viewer.token,
          query,
          lastEventId: stream.lastId(),
        });
        await again.until(() => numbers.length + again.frames.length >= expected.length, 30_000);
        again.close();
        return [...numbers, ...again.frames.map(({ data }) => Number(data.seq))];
      }),
    );
    console.log(
      `${String(streams.filter(({ isClosed }) => isClosed()).length)} streams were told to come back`,
    );
    for (const stream of streams) stream.close();
    const wrong = seen.filter((numbers) => JSON.stringify(numbers) !== JSON.stringify(expected));
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(each).toBeLessThan(2 * 40);
    reportProof({
      id: 'Streams open',
      what: 'Many streams over two instances get every event once and in order; memory of both ends together',
      counts: { streams: streamCount, entries: expected.length * streamCount, 'KB each': Math.ceil(each) },
    });
  });

  it.skipIf(!existsSync(chromium))('a browser’s EventSource follows by a ticket', async () => {
    const { ticket } = (await api.request('POST', '/api/events/ticket', { token: cast.viewer.token })).body;
    const page = `<!doctype html><p id="seen">nothing</p><script>
      const source = new EventSource(${JSON.stringify(`${api.url}/api/events?ticket=${String(ticket)}`)});
      source.addEventListener('change', (event) => {
        document.querySelector('#seen').textContent = JSON.parse(event.data).data.title;
      });
    </script><img src="/late">`;
    const server = http.createServer((req, res) => {
      // The page is printed when it has loaded, so its last part comes late.
      if (req.url === '/late') setTimeout(() => res.end(), 5_000);
      else res.setHeader('Content-Type', 'text/html').end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A listening TCP server has an AddressInfo.
    const { port } = server.address() as AddressInfo;
    const writing = setInterval(() => void addTask('Seen by a browser'), 300);
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--dump-dom'];
    const { stdout } = await promisify(execFile)(chromium, [...flags, `http://127.0.0.1:${String(port)}/`], {
      timeout: 60_000,
    });
    clearInterval(writing);
    server.close();
    expect(stdout).toContain('Seen by a browser');
  });
});
