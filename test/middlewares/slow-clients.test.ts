import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Person, type TestApp } from '../app.ts';

const clients = 100;
const headersMs = 500;
const requestMs = 1_000;
/** The server looks for slow connections once a second; the rest is for a busy machine. */
const slackMs = 4_000;

let api: TestApp;
let person: Person;
beforeAll(async () => {
  api = await startApp({
    HEADERS_TIMEOUT_MS: String(headersMs),
    REQUEST_TIMEOUT_MS: String(requestMs),
  });
  person = await api.register();
});
afterAll(() => api.close());

interface Ending {
  ms: number;
  answer: string;
}

/** Sends the beginning of a request and then a byte now and then; tells how the server ended that. */
function dribble(beginning: string, drop: string): Promise<Ending> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(api.url).port), '127.0.0.1');
    let answer = '';
    socket.write(beginning);
    const timer = setInterval(() => socket.write(drop), 200);
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ ms: performance.now() - startedAt, answer });
    });
  });
}

const crowd = (beginning: string, drop: string): Promise<Ending[]> =>
  Promise.all(Array.from({ length: clients }, () => dribble(beginning, drop)));

/** Times of requests that somebody sends meanwhile, sorted. */
async function legitimate(): Promise<number[]> {
  const times: number[] = [];
  for (let sent = 0; sent < 20; sent += 1) {
    const startedAt = performance.now();
    const { status } = await api.request('GET', '/api/users/me', { token: person.token });
    expect(status).toBe(200);
    times.push(performance.now() - startedAt);
  }
  return times.sort((a, b) => a - b);
}

const start = 'POST /api/auth/login HTTP/1.1\r\nHost: x\r\n';
const cases: [what: string, beginning: string, drop: string, deadlineMs: number][] = [
  ['headers that never end', `${start}X-Slow: a`, 'a', headersMs],
  ['a request line that never ends', 'GET /', 'a', headersMs],
  [
    'a body that never ends',
    `${start}Content-Type: application/json\r\nContent-Length: 90000\r\n\r\n{"a":"`,
    'a',
    requestMs,
  ],
  [
    'a body in chunks that never ends',
    `${start}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    '1\r\na\r\n',
    requestMs,
  ],
];

describe(`${String(clients)} clients that dribble`, () => {
  it.each(cases)(
    '%s are cut off at the deadline, and others hardly notice',
    async (_what, beginning, drop, deadline) => {
      const dribbling = crowd(beginning, drop);
      const times = await legitimate();
      const endings = await dribbling;
      for (const { ms, answer } of endings) {
        expect(ms).toBeLessThan(deadline + slackMs);
        expect(answer).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
      }
      expect(times[10]).toBeLessThan(500);
      expect((await api.request('GET', '/health/live')).status).toBe(200);
    },
  );

  it('nothing of them counts as a fault of the server', () => {
    const levels = api.logLines.map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).not.toContain('error');
  });
});
