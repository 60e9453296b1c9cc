import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import mongoose from 'mongoose';
import { inject } from 'vitest';
import { models } from '../src/app.ts';
import { loadConfig } from '../src/config/index.ts';
import { connectDatabase } from '../src/db/connect.ts';
import { migrate } from '../src/db/migrate.ts';
import { makeInstance, poolReadings, type Instance } from '../src/instance.ts';
import { makeLogger } from '../src/observability/logger.ts';
import { routes } from '../src/routes.ts';
import { startWorker, type Worker } from '../src/worker.ts';
import { assertNothingSecret } from './guards/secrets.ts';

/** An answer, read to its end; `body` is parsed when it is JSON. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  // Tests look into answers freely; the response check has already held them against their schemas.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see the line above: tests read arbitrary answers
  body: any;
  text: string;
}

/** What a request of a test can carry. */
export interface Sending {
  token?: string | undefined;
  /** Sent as JSON; a string or Buffer is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  query?: Record<string, string | string[]>;
}

/** A registered person of a test. */
export interface Person {
  token: string;
  refreshToken: string;
  user: { id: string; name: string; email: string };
  email: string;
  password: string;
}

/** A running server of a test. */
export interface TestApp {
  url: string;
  instance: Instance;
  request(method: string, path: string, sending?: Sending): Promise<Answer>;
  register(name?: string): Promise<Person>;
  clock: { now(): Date; advance(ms: number): void };
  /** Everything logged so far, one JSON object a line. */
  logLines: string[];
  /** The worker beside the instance; the first instance has one unless ROLES says otherwise. */
  worker: Worker | undefined;
  /** Another instance on the same database, with caches of its own; it has a worker only when asked for one. */
  second(options?: { worker: boolean }): Promise<TestApp>;
  close(): Promise<void>;
}

const password = 'correct horse 9 battery';

/**
 * Starts the product on a fresh database of its own; `env` overrides the test configuration,
 * `via` another address of the same database server, such as that of a proxy.
 */
export async function startApp(
  env: Record<string, string> = {},
  via: { uri?: string } = {},
): Promise<TestApp> {
  const uri = new URL(via.uri ?? inject('databaseUri'));
  uri.pathname = `/test-${randomUUID().slice(0, 13)}`;
  const config = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'info',
    JWT_SECRET: 'a secret of the test suite, long enough',
    PORT: '0',
    SHED_EVENT_LOOP_DELAY_MS: '0',
    ...env,
  });
  let offset = 0;
  const clock = {
    now: () => new Date(Date.now() + offset),
    advance: (ms: number) => {
      offset += ms;
    },
  };
  const logLines: string[] = [];
  const log = makeLogger(config, { write: (line: string) => void logLines.push(line) });
  const pool = poolReadings();
  await connectDatabase(uri.toString(), config, log, pool.observer);
  await migrate(models, log);
  const open: TestApp[] = [];

  const run = async ({ worker: hasWorker } = { worker: false }): Promise<TestApp> => {
    const instance = makeInstance(
      config,
      config.jwtSecret ?? '',
      log,
      clock,
      open.length === 0 ? pool : undefined,
    );
    const worker = hasWorker ? startWorker({ config, log, clock }) : undefined;
    await new Promise<void>((resolve) => instance.server.listen(0, '127.0.0.1', resolve));
    // A listening TCP server has an AddressInfo.
    const { port } = instance.server.address() as AddressInfo;
    const agent = new http.Agent({ keepAlive: true });
    const request: TestApp['request'] = async (method, path, sending = {}) => {
      const answer = await send(agent, port, method, path, sending);
      // Metrics speak of the database on purpose, to those who may read them.
      if (path !== '/metrics') assertNothingSecret(answer.text);
      return answer;
    };
    const app: TestApp = {
      url: `http://127.0.0.1:${String(port)}`,
      instance,
      worker,
      request,
      register: (name) => register(request, name),
      clock,
      logLines,
      second: run,
      close: async () => {
        agent.destroy();
        await worker?.stop();
        instance.stop();
        instance.server.closeAllConnections();
        await new Promise((resolve) => instance.server.close(resolve));
      },
    };
    open.push(app);
    return app;
  };

  const first = await run({ worker: config.roles.includes('worker') });
  const closeOne = first.close;
  first.close = async () => {
    await closeOne();
    for (const app of open.slice(1)) await app.close();
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  };
  return first;
}

let people = 0;

async function register(request: TestApp['request'], name = 'Test Person'): Promise<Person> {
  people += 1;
  const email = `person${String(people)}.${randomUUID().slice(0, 8)}@example.com`;
  const answer = await request('POST', '/api/auth/register', { body: { name, email, password } });
  if (answer.status !== 201) throw new Error(`registering answered ${answer.text}`);
  return { ...answer.body, email, password };
}

/** Sends one request to a port of this machine and reads the answer to its end. */
export function send(
  agent: http.Agent,
  port: number,
  method: string,
  path: string,
  { token, body, headers = {}, query }: Sending,
): Promise<Answer> {
  const search =
    query === undefined
      ? ''
      : `?${new URLSearchParams(Object.entries(query).flatMap(([name, value]) => [value].flat().map((one): [string, string] => [name, one]))).toString()}`;
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const payload =
    body === undefined ? undefined : isRaw ? Buffer.from(body as string) : Buffer.from(JSON.stringify(body));
  const all: Record<string, string | number> = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': payload.length }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      { agent, host: '127.0.0.1', port, method, path: path + search, headers: all },
      (incoming) => {
        const parts: Buffer[] = [];
        incoming.on('data', (part: Buffer) => parts.push(part));
        incoming.on('error', reject);
        if (incoming.headers['content-type']?.startsWith('text/event-stream') === true && method !== 'HEAD') {
          // It never ends by itself: the first frames are the answer.
          incoming.once('data', () => {
            const text = Buffer.concat(parts).toString();
            resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: null });
            outgoing.destroy();
          });
        }
        incoming.on('end', () => {
          const text = Buffer.concat(parts).toString();
          const isJson = /json/.test(incoming.headers['content-type'] ?? '');
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text,
            body: isJson && text !== '' ? JSON.parse(text) : null,
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

/** The endpoint list, for tests generated from it. */
export { routes };
