import http from 'node:http';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { forgetAll } from '../../src/caches.ts';
import { UserModel } from '../../src/features/users/user.model.ts';
import { routes, send, startApp, type TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import { makeCast, type Cast } from '../scene.ts';
import {
  cleanRuns,
  failEveryCommand,
  type Clean,
  type Fault,
  type Parts,
  type Victim,
} from './nth-command.ts';
import { reportProof } from './report.ts';
import {
  freePort,
  startProcess,
  temporaryFolder,
  testEnvironment,
  untilReady,
  type ServerProcess,
} from './server-process.ts';
import { useCases, type UseCase } from './use-cases.ts';
import { wireProxy, type WireProxy } from './wire-proxy.ts';

const selectionMs = '1000';
const patience = { timeout: 600_000 };
/** What is applied to nothing needs no trial of its own: a process that died after reading has done nothing. */
const changesSomething: Fault['isTried'] = ({ name }) => name !== 'find' && name !== 'distinct';

let proxy: WireProxy;
let api: TestApp;
let victim: Victim;
let parts: Parts;
let clean: Map<UseCase, Clean>;
let cast: Cast;

function through(port: number): string {
  const uri = new URL(inject('databaseUri'));
  uri.host = `127.0.0.1:${String(port)}`;
  uri.searchParams.set('directConnection', 'true');
  return uri.toString();
}

beforeAll(async () => {
  const { hostname, port } = new URL(inject('databaseUri'));
  proxy = await wireProxy({ host: hostname, port: Number(port) });
  const env = {
    ROLES: 'web',
    DB_SERVER_SELECTION_TIMEOUT_MS: selectionMs,
    RATE_LIMIT_PER_MINUTE: '0',
    RATE_LIMIT_AUTH_PER_MINUTE: '0',
  };
  api = await startApp(env, { uri: through(proxy.port) });
  cast = await makeCast(api);
  await UserModel.updateOne({ _id: cast.stranger.user.id }, { roles: ['admin'] });
  const app = await api.second();
  victim = {
    proxy,
    send: app.request,
    forget: () => {
      forgetAll(app.instance.deps.caches);
    },
    fail: async () => {
      proxy.cutHeld();
      await untilItWorks();
    },
  };
  parts = { cast, other: api, victim: () => Promise.resolve(victim), retry: app.request };
  clean = await cleanRuns(useCases(cast), victim, parts);
});
afterAll(async () => {
  await proxy.revive();
  await untilItWorks();
  await api.close();
  await proxy.close();
});

const untilItWorks = () =>
  eventually(async () => {
    expect((await api.request('GET', '/health/ready')).status).toBe(200);
  }, 30_000);

/** Runs the proof with one fault and reports it. */
async function prove(id: string, what: string, fault: Fault, given: Parts): Promise<void> {
  const tally = { trials: 0, sessions: 0, byCommand: {} as Record<string, number> };
  expect(await failEveryCommand(clean, fault, given, tally)).toEqual([]);
  expect(tally.trials).toBeGreaterThan(clean.size);
  reportProof({
    id: `R16 ${id}`,
    what,
    counts: { 'use cases': clean.size, 'failed commands': tally.trials, differences: 0 },
  });
}

describe('R16: whichever command of a use case fails, repeats under its key have one effect and one answer', () => {
  it('every write that takes a key is a use case', () => {
    const keyed = routes.filter(({ method, spec }) => method !== 'get' && spec.answersSecrets !== true);
    const known = new Set([...clean.keys()].map(({ what }) => what.split(/[ ,]/)[0]));
    expect(keyed.map(({ spec }) => spec.id).filter((id) => !known.has(id))).toEqual([]);
  });

  it('the connection is cut before the database gets the command', patience, () =>
    prove(
      'unsent',
      'The Nth database command of every keyed write that changes something is cut before it arrives',
      { when: 'before', isTried: changesSomething },
      parts,
    ),
  );

  it('the connection is cut after the command was applied, before its answer', patience, () =>
    prove(
      'unanswered',
      'The Nth database command of every keyed write is cut after it was applied and before its answer',
      { when: 'after' },
      parts,
    ),
  );

  it('the database stays away after the command until the request has been answered', patience, async () => {
    const dying: Victim = {
      ...victim,
      fail: async (answered) => {
        await proxy.rollBackHeld();
        await proxy.die();
        await answered;
        await proxy.revive();
        await untilItWorks();
      },
    };
    const what =
      'A command that changes something was applied, its answer is lost, and the database cannot be reached until the request has been answered';
    const given = { ...parts, victim: () => Promise.resolve(dying) };
    await prove('away', what, { when: 'after', isTried: changesSomething }, given);
  });

  it('the process dies after the command was applied', patience, async () => {
    const folder = await temporaryFolder();
    const { hostname, port } = new URL(inject('databaseUri'));
    const ownProxy = await wireProxy({ host: hostname, port: Number(port) });
    const uri = new URL(through(ownProxy.port));
    uri.pathname = `/${mongoose.connection.name}`;
    const agent = new http.Agent();
    const launch = async (): Promise<{ server: ServerProcess; at: number }> => {
      const at = await freePort();
      const more = { MONGO_URI: uri.toString(), ROLES: 'web', RATE_LIMIT_PER_MINUTE: '0' };
      const server = startProcess(testEnvironment(at, folder.path, more), folder.path);
      return { server, at };
    };
    // The next one starts while this one is being tried.
    let next = launch();
    const mortal = async (): Promise<Victim> => {
      const { server, at } = await next;
      await untilReady(server, 120_000);
      return {
        proxy: ownProxy,
        send: (method, path, sending) => send(agent, at, method, path, sending),
        forget: () => undefined,
        fail: async () => {
          await ownProxy.rollBackHeld();
          server.kill('SIGKILL');
          await server.ended;
          ownProxy.cutHeld();
          next = launch();
        },
      };
    };
    const what =
      'The process is killed (SIGKILL) after a command that changes something was applied; another one gets the repeats';
    try {
      await prove('death', what, { when: 'after', isTried: changesSomething }, { ...parts, victim: mortal });
    } finally {
      const { server } = await next;
      server.kill('SIGKILL');
      await server.ended;
      agent.destroy();
      await ownProxy.close();
      await folder.remove();
    }
  });
});
