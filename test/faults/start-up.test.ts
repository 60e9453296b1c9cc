import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort, startProcess, temporaryFolder, untilReady, type ServerProcess } from './server-process.ts';
import { eventually } from '../eventually.ts';
import { tcpProxy } from '../tcp-proxy.ts';

const running: ServerProcess[] = [];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let port: number;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const server of running.splice(0)) {
    server.kill('SIGKILL');
    await server.ended;
  }
});
afterAll(() => folder.remove());

/** A database of its own on the server of the suite. */
function freshDatabase(): URL {
  const uri = new URL(inject('databaseUri'));
  uri.pathname = `/start-${randomUUID().slice(0, 8)}`;
  return uri;
}

async function launch(env: Record<string, string>): Promise<ServerProcess> {
  port = env['PORT'] === undefined ? await freePort() : Number(env['PORT']);
  const server = startProcess(
    {
      NODE_ENV: 'test',
      LOG_LEVEL: 'info',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: join(folder.path, 'data'),
      JWT_SECRET: 'a secret of the test suite, long enough',
      ...env,
    },
    folder.path,
  );
  running.push(server);
  return server;
}

describe('a start that cannot succeed ends with one sentence that says what to do', () => {
  async function refusalOf(env: Record<string, string>): Promise<string> {
    const server = await launch(env);
    const code = await server.ended;
    expect([code, server.output()]).toEqual([1, expect.any(String)]);
    expect(server.output()).not.toMatch(/\n {4}at |node_modules|file:\/\//);
    const said = server.output().split('\n');
    return said.filter((line) => line !== '' && !line.startsWith('{"level":"info"')).join('\n');
  }

  it('the port is in use', async () => {
    const other = net.createServer();
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    // A listening TCP server has an AddressInfo.
    const taken = String((other.address() as AddressInfo).port);
    const said = await refusalOf({ PORT: taken, MONGO_URI: freshDatabase().toString() });
    other.close();
    expect(said).toBe(`Port ${taken} is in use: stop the other program or set PORT to a free one.`);
  });

  it('the data folder cannot be written', async () => {
    const file = join(folder.path, 'a-file');
    await writeFile(file, '');
    const said = await refusalOf({ DATA_DIR: join(file, 'data') });
    expect(said).toMatch(
      /^The data folder \S+ cannot be written \(.+\): make it writable, use another, or set MONGO_URI\.$/,
    );
  });

  it('the named database program is missing', async () => {
    const said = await refusalOf({
      MONGOD_BINARY: join(folder.path, 'no-mongod'),
      DATA_DIR: join(folder.path, 'fresh'),
    });
    expect(said).toMatch(/^MONGOD_BINARY names \S+, which cannot be run: correct it or remove it\.$/);
  });

  it('the database does not come in the time it is given', async () => {
    const said = await refusalOf({
      MONGO_URI: `mongodb://127.0.0.1:${String(await freePort())}/x`,
      DATABASE_WAIT_SECONDS: '1',
      DB_SERVER_SELECTION_TIMEOUT_MS: '300',
    });
    expect(said.split('\n').at(-1)).toBe(
      'The database did not answer in time: check MONGO_URI and that the server runs.',
    );
  });

  it('stored values prevent a unique index', async () => {
    const uri = freshDatabase();
    const client = await mongoose.createConnection(uri.toString()).asPromise();
    await client.collection('refreshtokens').insertMany([{ hash: 'same' }, { hash: 'same' }]);
    await client.close();
    expect(await refusalOf({ MONGO_URI: uri.toString() })).toBe(
      'The collection refreshtokens has several documents with the same value where only one may have it, so its unique index hash_1 cannot be built: remove or correct all but one of them and start again.',
    );
  });

  it('something else prevents an index', async () => {
    const uri = freshDatabase();
    const client = await mongoose.createConnection(uri.toString()).asPromise();
    await client.createCollection('base', {});
    await client.createCollection('users', { viewOn: 'base', pipeline: [] });
    await client.close();
    expect(await refusalOf({ MONGO_URI: uri.toString() })).toMatch(
      /^The collection users could not be brought up to date \(.+\): let the user of MONGO_URI create collections and indexes and look at the log of the database, then start again\.$/,
    );
  });

  it('the configuration has several faults, all named at once', async () => {
    const said = await refusalOf({ PORT: 'many', LOG_LEVEL: 'loud', BODY_LIMIT_KB: '-1' });
    expect(said.split('\n')).toEqual([
      'The configuration has 3 faults:',
      expect.stringContaining('LOG_LEVEL is "loud": give one of'),
      expect.stringContaining('PORT is "many": give a whole number'),
      expect.stringContaining('BODY_LIMIT_KB is "-1": give a whole number'),
    ]);
  });

  it('production has neither database nor secret', async () => {
    const said = await refusalOf({ NODE_ENV: 'production', JWT_SECRET: '' });
    expect(said.split('\n')).toEqual([
      'The configuration has 2 faults:',
      expect.stringContaining('MONGO_URI is not set: with NODE_ENV=production give the replica set'),
      expect.stringContaining(
        'JWT_SECRET is not set: with NODE_ENV=production give at least 32 random bytes',
      ),
    ]);
  });
});

interface Reply {
  status: number;
  body: { id: string; accessToken: string; items: { id: string }[] };
}

/** Sends over a kept connection; a failed connection rejects. */
function send(
  agent: http.Agent,
  method: string,
  path: string,
  token?: string,
  body?: object,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const request = http.request({ agent, host: '127.0.0.1', port, method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, body: text === '' ? {} : JSON.parse(text) });
      });
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const password = 'correct horse 9 battery';

/** Registers somebody with a project; gives what is needed to make tasks in it. */
async function moveIn(agent: http.Agent): Promise<{ token: string; projectId: string }> {
  const email = `p.${randomUUID()}@example.com`;
  const joined = await send(agent, 'POST', '/api/auth/register', undefined, { name: 'Ann', email, password });
  const token = joined.body.accessToken ?? (joined.body as unknown as { token: string }).token;
  const project = await send(agent, 'POST', '/api/projects', token, { name: 'Restart' });
  expect(project.status).toBe(201);
  return { token, projectId: project.body.id };
}

describe('a server that is told to stop', () => {
  it('finishes what it was asked under load, and exits with 0 within ten seconds', async () => {
    for (let cycle = 0; cycle < 2; cycle += 1) {
      const server = await launch({ MONGO_URI: freshDatabase().toString() });
      await untilReady(server);
      const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
      const { token, projectId } = await moveIn(agent);
      let isRefused = false;
      let answered = 0;
      const failures: string[] = [];
      // Everyone goes on until the port is closed: a refused connection is no request that failed.
      const client = async (): Promise<void> => {
        while (!isRefused) {
          const body = { projectId, title: `Task ${String(answered)}` };
          await send(agent, 'POST', '/api/tasks', token, body).then(
            ({ status }) => {
              answered += 1;
              if (status !== 201) failures.push(String(status));
            },
            (error: NodeJS.ErrnoException) => {
              if (error.code === 'ECONNREFUSED') isRefused = true;
              else failures.push(error.message);
            },
          );
        }
      };
      const clients = Array.from({ length: 8 }, client);
      await sleep(500);
      const toldAt = performance.now();
      server.kill('SIGTERM');
      await Promise.all(clients);
      agent.destroy();
      expect([await server.ended, server.output().includes('"msg":"stopped"')]).toEqual([0, true]);
      expect(performance.now() - toldAt).toBeLessThan(10_000);
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(20);
    }
  });
});

describe('a server that is killed', () => {
  it('has every acknowledged task after its restart, each once', async () => {
    const env = { MONGO_URI: freshDatabase().toString() };
    const first = await launch(env);
    await untilReady(first);
    const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    const { token, projectId } = await moveIn(agent);
    const acknowledged: string[] = [];
    let isKilled = false;
    const client = async (): Promise<void> => {
      while (!isKilled) {
        const made = await send(agent, 'POST', '/api/tasks', token, { projectId, title: 'Kept' }).catch(
          () => undefined,
        );
        if (made?.status === 201) acknowledged.push(made.body.id);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (const until = Date.now() + 10_000; acknowledged.length < 30 && Date.now() < until;) await sleep(10);
    first.kill('SIGKILL');
    await first.ended;
    isKilled = true;
    await Promise.all(clients);

    const second = await launch({ ...env, PORT: String(port) });
    await untilReady(second);
    const missing: string[] = [];
    for (const id of acknowledged) {
      if ((await send(agent, 'GET', `/api/tasks/${id}`, token)).status !== 200) missing.push(id);
    }
    agent.destroy();
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
  });
});

describe('a server whose database is not there yet', () => {
  it('waits and comes up with it', async () => {
    const uri = freshDatabase();
    const proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
    await proxy.die();
    uri.host = `127.0.0.1:${String(proxy.port)}`;
    const server = await launch({ MONGO_URI: uri.toString(), DB_SERVER_SELECTION_TIMEOUT_MS: '500' });
    await eventually(() => {
      expect(server.output()).toContain('waiting for the database');
    }, 20_000);
    await sleep(1_000);
    expect(server.output()).not.toContain('"msg":"ready"');
    await proxy.revive();
    await untilReady(server, 15_000);
    const agent = new http.Agent();
    expect((await send(agent, 'GET', '/health/ready')).status).toBe(200);
    server.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    await proxy.close();
  });
});

describe('two servers that start at once on an empty database', () => {
  it('become ready both, and one of them makes the indexes', async () => {
    const uri = freshDatabase().toString();
    const servers = [await launch({ MONGO_URI: uri }), await launch({ MONGO_URI: uri })];
    await Promise.all(servers.map((server) => untilReady(server)));
    const built = servers.map((server) => server.output().split('"msg":"building an index"').length - 1);
    expect(built.filter((count) => count > 0)).toHaveLength(1);
    const connection = await mongoose.createConnection(uri).asPromise();
    const indexes = await connection.collection('tasks').indexes();
    await connection.dropDatabase();
    await connection.close();
    expect(indexes.length).toBeGreaterThan(5);
  });
});
