import { setTimeout as sleep } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import { TRANSACTION_LIFETIME_SECONDS, type EngineName, type FoundEngine, type Search } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { findOnPath, isExecutable, versionOf } from './find-program.ts';

const REPLICA_SET = 'pro-tasker';
const OLDEST_MAJOR = 8;
const PRIMARY_LIMIT_MS = 30_000;
const NOT_YET_INITIALIZED = 94;

/** A real mongod: the one that MONGOD_BINARY names, else the first on PATH that is new enough. */
export async function findMongod({ env, report }: Search): Promise<FoundEngine | undefined> {
  const named = env.MONGOD_BINARY;
  const file = named || (await findOnPath('mongod', env.PATH));
  if (!file) return undefined;
  const version = (await isExecutable(file)) ? await versionOf(file) : undefined;
  const fault = faultOf(version);
  if (version && !fault) return mongod('mongod', version, file);
  if (named) throw new EngineError(`MONGOD_BINARY names ${named}, which ${fault}: correct it or remove it.`);
  report(`The mongod on PATH, ${file}, ${fault}, so it is passed over.`);
  return undefined;
}

/** A mongod at a known place, as an engine that is started as a one-node replica set. */
export function mongod(name: EngineName, version: string, file: string): FoundEngine {
  return {
    name,
    version,
    file,
    args: ({ folder, port }) => [
      ...['--dbpath', folder],
      ...['--port', String(port)],
      ...['--bind_ip', '127.0.0.1'],
      // A standalone mongod has no transactions and may lose acknowledged writes.
      ...['--replSet', REPLICA_SET],
      ...['--setParameter', `transactionLifetimeLimitSeconds=${TRANSACTION_LIFETIME_SECONDS}`],
      ...(process.platform === 'win32' ? [] : ['--nounixsocket']),
    ],
    becomeWritable,
  };
}

async function becomeWritable(client: mongo.MongoClient, port: number): Promise<void> {
  const admin = client.db('admin');
  const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
  const config = await storedConfig(admin);
  if (!config) {
    await admin.command({ replSetInitiate: { _id: REPLICA_SET, members } });
  } else if (config.members[0]?.host !== members[0]?.host) {
    // The port of the last start was taken; only force moves a set whose single member is gone.
    const moved = { ...config, version: config.version + 1, members };
    await admin.command({ replSetReconfig: moved, force: true });
  }
  const deadline = performance.now() + PRIMARY_LIMIT_MS;
  while (!(await admin.command({ hello: 1 }))['isWritablePrimary']) {
    if (performance.now() > deadline) {
      throw new Error(`it did not become primary within ${PRIMARY_LIMIT_MS / 1000} s`);
    }
    await sleep(20);
  }
}

interface ReplicaSetConfig {
  version: number;
  members: { host: string }[];
}

async function storedConfig(admin: mongo.Db): Promise<ReplicaSetConfig | undefined> {
  try {
    // replSetGetConfig answers { config: { _id, version, members } }.
    return (await admin.command({ replSetGetConfig: 1 }))['config'] as ReplicaSetConfig;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}

function faultOf(version: string | undefined): string | undefined {
  if (!version) return 'cannot be run';
  return Number.parseInt(version, 10) < OLDEST_MAJOR
    ? `has version ${version} and not ${OLDEST_MAJOR}.0 or newer`
    : undefined;
}
