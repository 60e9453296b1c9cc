import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { inject } from 'vitest';
import { send, type Answer, type Sending } from '../app.ts';
import {
  freePort,
  startProcess,
  temporaryFolder,
  testEnvironment,
  untilReady,
  type ServerProcess,
} from './server-process.ts';

/** One server process that is always started on the same port. */
export interface Ship {
  readonly port: number;
  server: ServerProcess;
  agent: http.Agent;
}

/** Some server processes on one database of their own, as real processes. */
export interface Fleet {
  ships: readonly Ship[];
  /** A connection of the test's own, past every proxy. */
  database: mongoose.Connection;
  /** Sends to one of them; a failed connection rejects. */
  ask(ship: number, method: string, path: string, sending?: Sending): Promise<Answer>;
  /** Sends with a key to one after the other until one gives a final answer; gives it and how often it was sent. */
  insist(method: string, path: string, sending?: Sending): Promise<{ answer: Answer; sent: number }>;
  /** Starts a process that has ended again and waits until it is ready. */
  restart(ship: number): Promise<void>;
  close(): Promise<void>;
}

const insistForMs = 60_000;
let asked = 0;

/** Starts the processes; `through` is a port of this machine that leads to the database. */
export async function launchFleet(
  count: number,
  { env = {}, through }: { env?: Record<string, string>; through?: number } = {},
): Promise<Fleet> {
  const folder = await temporaryFolder();
  const direct = new URL(inject('databaseUri'));
  direct.pathname = `/fleet-${randomUUID().slice(0, 8)}`;
  const uri = new URL(direct);
  if (through !== undefined) {
    uri.host = `127.0.0.1:${String(through)}`;
    uri.searchParams.set('directConnection', 'true');
  }
  const more = {
    MONGO_URI: uri.toString(),
    RATE_LIMIT_PER_MINUTE: '0',
    RATE_LIMIT_AUTH_PER_MINUTE: '0',
    // A busy machine is not what is tried here.
    SHED_EVENT_LOOP_DELAY_MS: '0',
    // No token may expire during a long run.
    ACCESS_TOKEN_MINUTES: '600',
    ...env,
  };
  const start = (port: number): ServerProcess =>
    startProcess(testEnvironment(port, folder.path, more), folder.path);
  const ships: Ship[] = [];
  for (let one = 0; one < count; one += 1) {
    const port = await freePort();
    ships.push({ port, server: start(port), agent: new http.Agent({ keepAlive: true }) });
  }
  await Promise.all(ships.map(({ server }) => untilReady(server, 120_000)));
  const database = await mongoose.createConnection(direct.toString()).asPromise();
  const ask: Fleet['ask'] = (ship, method, path, sending = {}) => {
    const { agent, port } = ships[ship % count] ?? { agent: undefined, port: 0 };
    return send(agent ?? http.globalAgent, port, method, path, sending);
  };
  return {
    ships,
    database,
    ask,
    insist: async (method, path, sending = {}) => {
      const headers = { ...sending.headers, 'idempotency-key': randomUUID() };
      const giveUpAt = performance.now() + insistForMs;
      for (let sent = 1; ; sent += 1) {
        asked += 1;
        const answer = await ask(asked, method, path, { ...sending, headers }).catch(() => undefined);
        if (answer !== undefined && answer.status < 500) return { answer, sent };
        if (performance.now() > giveUpAt)
          throw new Error(`${method} ${path} got no final answer: ${answer?.text ?? 'no connection'}`);
        await sleep(Math.min(200, 10 * sent));
      }
    },
    restart: async (at) => {
      const ship = ships[at];
      if (ship === undefined) return;
      await ship.server.ended;
      ship.server = start(ship.port);
      await untilReady(ship.server, 120_000);
    },
    close: async () => {
      for (const { server, agent } of ships) {
        agent.destroy();
        server.kill('SIGKILL');
        await server.ended;
      }
      await database.dropDatabase();
      await database.close();
      await folder.remove();
    },
  };
}

/** Somebody with a project on a fleet. */
export interface Inhabitant {
  token: string;
  userId: string;
  projectId: string;
}

/** Registers somebody, with a project. */
export async function moveIn({ ask }: Fleet): Promise<Inhabitant> {
  const email = `p.${randomUUID()}@example.com`;
  const joined = await ask(0, 'POST', '/api/auth/register', {
    body: { name: 'Ann', email, password: 'correct horse 9 battery' },
  });
  const { token, user } = joined.body as { token: string; user: { id: string } };
  const project = await ask(0, 'POST', '/api/projects', { token, body: { name: 'Fleet' } });
  if (project.status !== 201) throw new Error(project.text);
  return { token, userId: user.id, projectId: (project.body as { id: string }).id };
}

/** A client of the stream that comes back with its last id wherever a stream ends. */
export interface Follower {
  /** The numbers of the entries it was told, in the order in which they came. */
  seqs: number[];
  connections(): number;
  stop(): void;
}

/** Follows the stream of a fleet, beginning at one of the processes and changing to the next whenever it ends. */
export function followStream({ ships }: Fleet, token: string, first: number, lastEventId: string): Follower {
  const seqs: number[] = [];
  let lastId = lastEventId;
  let at = first;
  let connections = 0;
  let isStopped = false;
  let request: http.ClientRequest | undefined;
  const connect = (): void => {
    if (isStopped) return;
    let rest = '';
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      at += 1;
      setTimeout(connect, 50 + Math.random() * 200).unref();
    };
    connections += 1;
    request = http.get(
      {
        agent: false,
        host: '127.0.0.1',
        port: ships[at % ships.length]?.port,
        path: '/api/events',
        headers: { authorization: `Bearer ${token}`, 'last-event-id': lastId },
      },
      (stream) => {
        stream.setEncoding('utf8').on('data', (text: string) => {
          if (stream.statusCode !== 200) return;
          const frames = (rest + text).split('\n\n');
          rest = frames.pop() ?? '';
          for (const frame of frames) {
            const [, id] = /^id: (.+)$/m.exec(frame) ?? [];
            const [, seq] = /^data: .*?"seq":(\d+)/m.exec(frame) ?? [];
            if (seq !== undefined) seqs.push(Number(seq));
            if (id !== undefined) lastId = id;
          }
        });
        stream.on('error', over).on('close', over);
      },
    );
    request.on('error', over);
  };
  connect();
  return {
    seqs,
    connections: () => connections,
    stop: () => {
      isStopped = true;
      request?.destroy();
    },
  };
}

/** Where a stream begins that tells everything from now on. */
export async function endOfFeed({ ask }: Fleet, token: string): Promise<string> {
  const { body } = await ask(0, 'GET', '/api/changes', { token, query: { since: 'now' } });
  return (body as { nextCursor: string }).nextCursor;
}

/** The numbers of everything that happened in a project after a number, in order. */
export async function seqsIn({ database }: Fleet, projectId: string, after: number): Promise<number[]> {
  const events = await database
    .collection('events')
    .find({ projectId: new mongoose.Types.ObjectId(projectId) })
    .sort({ seq: 1 })
    .toArray();
  if (events.some(({ seq }) => typeof seq !== 'number')) throw new Error('an event has no number yet');
  return events.map(({ seq }) => Number(seq)).filter((seq) => seq > after);
}
