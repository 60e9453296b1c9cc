import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeTopology, judgeVersion } from '../../cli/doctor/database.ts';
import { examineDatabase, type Surroundings } from '../../cli/doctor/examine.ts';
import type { Finding } from '../../cli/doctor/finding.ts';
import { consumers } from '../../src/consumers.ts';
import { startApp, type TestApp } from '../app.ts';
import { freePort, temporaryFolder } from '../faults/server-process.ts';
import { makeCast, makeProject } from '../scene.ts';
import { command } from './command.ts';

let api: TestApp;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let projectId: mongoose.Types.ObjectId;
let userId: mongoose.Types.ObjectId;
const follower = consumers[0]?.name ?? '';
const dayMs = 86_400_000;

const healthy: Surroundings = {
  now: () => new Date(),
  room: async () => ({ free: 50e9, total: 100e9 }),
};
const table = (name: string): mongoose.mongo.Collection => mongoose.connection.collection(name);
const look = (surroundings: Partial<Surroundings> = {}, config: object = {}): Promise<Finding[]> =>
  // The embedded database, so that the room of the data folder is judged.
  examineDatabase(
    { ...api.instance.deps.config, mongoUri: undefined, ...config },
    { ...healthy, ...surroundings },
  );
const troubles = (findings: Finding[]): [string, string][] =>
  findings.filter(({ verdict }) => verdict !== 'ok').map(({ check, verdict }) => [check, verdict]);

beforeAll(async () => {
  // Without a worker nothing repairs what a test has planted.
  api = await startApp({ ROLES: 'web' });
  folder = await temporaryFolder();
  const cast = await makeCast(api);
  const project = await makeProject(api, cast);
  projectId = new mongoose.Types.ObjectId(String(project.id));
  userId = new mongoose.Types.ObjectId(cast.member.user.id);
  await api.request('POST', '/api/tasks', {
    token: cast.owner.token,
    body: { projectId: project.id, title: 'A task' },
  });
});
afterAll(async () => {
  await folder.remove();
  await api.close();
});

/** What is planted, what the doctor finds, and how it is taken away again. */
interface Planted {
  what: string;
  plant?: () => Promise<unknown>;
  surroundings?: Partial<Surroundings>;
  config?: object;
  found: [check: string, verdict: string];
  remove?: () => Promise<unknown>;
}

const plants: Planted[] = [
  {
    what: 'an index was dropped',
    plant: () => table('tasks').dropIndex('projectId_1_trashed_1_words_1'),
    found: ['indexes', 'fault'],
    remove: () => table('tasks').createIndexes([{ key: { projectId: 1, trashed: 1, words: 1 } }]),
  },
  {
    what: 'somebody has added an index',
    plant: () => table('users').createIndexes([{ key: { avatar: 1 }, name: 'by_hand' }]),
    found: ['indexes', 'fault'],
    remove: () => table('users').dropIndex('by_hand'),
  },
  {
    what: 'the clock is a minute ahead',
    surroundings: { now: () => new Date(Date.now() + 60_000) },
    found: ['clock', 'fault'],
  },
  {
    what: 'the clock is some seconds behind',
    surroundings: { now: () => new Date(Date.now() - 5_000) },
    found: ['clock', 'warning'],
  },
  {
    what: 'the disk is full',
    surroundings: { room: async () => ({ free: 1e6, total: 100e9 }) },
    found: ['disk', 'fault'],
  },
  {
    what: 'the disk is nearly full',
    surroundings: { room: async () => ({ free: 3e9, total: 100e9 }) },
    found: ['disk', 'warning'],
  },
  {
    what: 'a restore was interrupted while it replaced the data',
    plant: () =>
      table('restores').insertOne({ _id: 'unfinished' as never, file: 'a', startedAt: new Date() }),
    found: ['restore', 'fault'],
    remove: () => table('restores').deleteMany({}),
  },
  {
    what: 'a restore was interrupted before',
    plant: () => table('restoring.tasks').insertOne({}),
    found: ['restore', 'warning'],
    remove: () => table('restoring.tasks').drop(),
  },
  {
    what: 'an event is parked',
    plant: () => table('parked_events').insertOne({ follower, seq: 1 }),
    found: ['followers', 'fault'],
    remove: () => table('parked_events').deleteMany({}),
  },
  {
    what: 'a follower is far behind and nobody leads it',
    plant: () => table('log_positions').insertOne({ _id: 'sequencer' as never, seq: 5_000 }),
    found: ['followers', 'fault'],
    remove: () => table('log_positions').deleteMany({}),
  },
  {
    what: 'an event has waited for its number for an hour',
    plant: () =>
      table('events').insertOne({
        _id: mongoose.Types.ObjectId.createFromTime(Date.now() / 1000 - 3600),
        at: new Date(),
      }),
    found: ['events', 'fault'],
    remove: () => table('events').deleteMany({ name: { $exists: false } }),
  },
  {
    what: 'a job is parked',
    plant: () => table('jobs').insertOne({ name: 'x', key: 'x/1', state: 'parked', nextAt: null }),
    found: ['jobs', 'fault'],
    remove: () => table('jobs').deleteMany({}),
  },
  {
    what: 'no process does the jobs',
    plant: () => table('jobs').insertOne({ name: 'x', key: 'x/1', state: 'waiting', nextAt: new Date(0) }),
    found: ['jobs', 'fault'],
    remove: () => table('jobs').deleteMany({}),
  },
  {
    what: 'the pepper of a password is missing',
    plant: () => table('credentials').updateOne({ _id: userId }, { $set: { pepperId: 'p7' } }),
    found: ['peppers', 'fault'],
    remove: () => table('credentials').updateOne({ _id: userId }, { $set: { pepperId: null } }),
  },
  {
    what: 'the trash is not emptied',
    plant: () =>
      table('projects').updateOne(
        { _id: projectId },
        { $set: { deletedAt: new Date(Date.now() - 40 * dayMs) } },
      ),
    found: ['trash', 'warning'],
    remove: () => table('projects').updateOne({ _id: projectId }, { $set: { deletedAt: null } }),
  },
  {
    what: 'a member has no account',
    plant: () => table('users').updateOne({ _id: userId }, { $set: { deletedAt: new Date() } }),
    found: ['members', 'fault'],
    remove: () => table('users').updateOne({ _id: userId }, { $set: { deletedAt: null } }),
  },
  {
    what: 'tasks have lost their project',
    plant: () => table('tasks').insertOne({ projectId: new mongoose.Types.ObjectId(), number: 1 }),
    found: ['tasks', 'warning'],
    remove: () => table('tasks').deleteMany({ title: { $exists: false } }),
  },
  {
    what: 'a counter is behind',
    plant: () => table('counters').updateOne({ _id: projectId }, [{ $set: { number: 0 } }]),
    found: ['counters', 'fault'],
    remove: () => table('counters').updateOne({ _id: projectId }, { $set: { number: 1 } }),
  },
  {
    what: 'a project has no counter',
    plant: () => table('counters').deleteOne({ _id: projectId }),
    found: ['counters', 'fault'],
    remove: () => table('counters').insertOne({ _id: projectId, number: 1, rank: 1 }),
  },
];

describe('the doctor', () => {
  it('finds nothing where nothing is wrong', async () => {
    const findings = await look();
    expect(troubles(findings)).toEqual([]);
    expect(findings.map(({ check }) => check)).toEqual([
      ...[
        'database',
        'topology',
        'transactions',
        'clock',
        'disk',
        'restore',
        'indexes',
        'events',
        'followers',
      ],
      ...['jobs', 'peppers', 'trash', 'references'],
    ]);
  });

  it.each(plants)(
    'finds that $what, and nothing else',
    async ({ plant, surroundings, config, found, remove }) => {
      await plant?.();
      const findings = await look(surroundings, config);
      await remove?.();
      expect(troubles(findings)).toEqual([found]);
      expect(findings.find(({ verdict }) => verdict !== 'ok')?.advice).toMatch(/\S+ \S+/);
      expect(troubles(await look())).toEqual([]);
    },
  );

  it('judges what a database server says of itself', () => {
    expect(judgeVersion('7.0.12').verdict).toBe('fault');
    expect(judgeVersion('8.0.0').verdict).toBe('ok');
    const set = (count: number) => ({
      setName: 'rs0',
      isWritablePrimary: true,
      hosts: Array<string>(count).fill('a'),
    });
    expect(judgeTopology({}, 'development').verdict).toBe('fault');
    expect(judgeTopology({ msg: 'isdbgrid' }, 'production').verdict).toBe('ok');
    expect(judgeTopology(set(1), 'development').verdict).toBe('ok');
    expect(judgeTopology(set(1), 'production').verdict).toBe('warning');
    expect(judgeTopology(set(3), 'production').verdict).toBe('ok');
    expect(judgeTopology({ ...set(1), isWritablePrimary: false }, 'production').verdict).toBe('fault');
  });
});

describe('the command', () => {
  const env = (more: Record<string, string>): Record<string, string> => ({ DATA_DIR: folder.path, ...more });

  it('ends with 0 when nothing is at fault, and with 1 and all faults of the configuration otherwise', async () => {
    const { host, name } = mongoose.connection;
    const here = `mongodb://${host}:${String(mongoose.connection.port)}/${name}?directConnection=true`;
    const well = await command(['doctor'], env({ MONGO_URI: here }));
    expect(well).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^ok +configuration [^]*\n0 faults, 0 warnings/),
    });
    const ill = await command(
      ['doctor', '--json'],
      env({ MONGO_URI: here, PORT: 'many', BODY_LIMIT_KB: '-1' }),
    );
    expect([ill.code, troubles(JSON.parse(ill.out))]).toEqual([
      1,
      [
        ['configuration', 'fault'],
        ['configuration', 'fault'],
      ],
    ]);
  }, 120_000);

  it('says that the database is away', async () => {
    const nowhere = `mongodb://127.0.0.1:${String(await freePort())}/x`;
    const away = await command(
      ['doctor', '--json'],
      env({ MONGO_URI: nowhere, DB_SERVER_SELECTION_TIMEOUT_MS: '300' }),
    );
    expect([away.code, troubles(JSON.parse(away.out))]).toEqual([1, [['database', 'fault']]]);
  }, 120_000);
});
