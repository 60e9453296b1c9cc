import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import mongoose from 'mongoose';
import { expect } from 'vitest';
import { makeBackup, restoreBackup } from '../../src/db/backup/index.ts';
import { chance } from '../../cli/seed/made-up.ts';
import { temporaryFolder } from '../faults/server-process.ts';
import { tasksOf } from '../guards/task-volume.ts';
import { makeCast, makeProject } from '../scene.ts';
import { startApp, type TestApp } from '../app.ts';
import { brokenInvariants, bytesOf, spareDatabase } from './databases.ts';

/** How long the parts took and how large the file is. */
export interface ProofFigures {
  tasks: number;
  documents: number;
  megabytes: number;
  backupSeconds: number;
  restoreSeconds: number;
  writesMeanwhile: number;
}

const quiet = (): void => undefined;
const writers = 8;
const storedAtOnce = 1_000;

/**
 * Backs a database with so many tasks up while clients make, change and delete tasks, restores it into an empty database, and
 * holds every byte and every rule there against what the backup saw.
 */
export async function proveBackup(tasks: number): Promise<ProofFigures> {
  const api = await startApp();
  const folder = await temporaryFolder();
  const source = await spareDatabase(mongoose.connection.name);
  const target = await spareDatabase();
  const path = join(folder.path, 'all.backup');
  try {
    const { token, projectId } = await fill(api, source.db, tasks);
    const work = keepWriting(api, token, projectId);
    await work.until(50);
    const before = work.done();
    const backupAt = performance.now();
    const saw = await makeBackup({ ...source, path, version: 'test', progress: quiet });
    const backupSeconds = (performance.now() - backupAt) / 1000;
    const writesMeanwhile = work.done() - before;
    await work.until(work.done() + 20);
    const failures = await work.stop();
    expect(failures).toEqual([]);

    const restoreAt = performance.now();
    await restoreBackup({ db: target.db, path, replace: false, keepSessions: true, progress: quiet });
    const restoreSeconds = (performance.now() - restoreAt) / 1000;
    const restored: typeof saw.collections = {};
    for (const name of Object.keys(saw.collections)) restored[name] = await bytesOf(target.db, name);
    expect(restored).toEqual(saw.collections);
    expect(await brokenInvariants(target.db)).toEqual([]);
    expect(saw.collections['tasks']?.count).toBeGreaterThan(tasks);
    // The writers went on: the backup is a state of before, not of now.
    expect(await target.db.collection('events').countDocuments()).toBeLessThan(
      await source.db.collection('events').countDocuments(),
    );
    for (const name of Object.keys(saw.collections))
      expect([name, await indexesOf(target.db, name)]).toEqual([name, await indexesOf(source.db, name)]);
    const { size } = await stat(path);
    const round = (value: number): number => Number(value.toFixed(1));
    return {
      tasks,
      documents: saw.documents,
      megabytes: round(size / 1e6),
      backupSeconds: round(backupSeconds),
      restoreSeconds: round(restoreSeconds),
      writesMeanwhile,
    };
  } finally {
    await target.drop();
    // Large data takes longer to drop than the connection of the server waits for anything.
    await source.drop();
    await folder.remove();
    await api.close();
  }
}

async function indexesOf(db: mongoose.mongo.Db, name: string): Promise<unknown[]> {
  const indexes = await db.collection(name).indexes();
  return indexes.sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
}

async function fill(
  api: TestApp,
  db: mongoose.mongo.Db,
  count: number,
): Promise<{ token: string; projectId: string }> {
  const cast = await makeCast(api);
  const bulk = await makeProject(api, cast);
  const project = await makeProject(api, cast);
  const people = [cast.owner, cast.member].map(({ user }) => new mongoose.Types.ObjectId(user.id));
  const projectId = new mongoose.Types.ObjectId(String(bulk.id));
  const tasks = tasksOf({ projectId, count, people, random: chance(1), now: Date.now() });
  // Not by the connection of the server: its deadlines are for requests.
  for (let from = 0; from < count; from += storedAtOnce)
    await db
      .collection<(typeof tasks)[number]>('tasks')
      .insertMany(tasks.slice(from, from + storedAtOnce), { ordered: false });
  await mongoose.connection
    .collection('counters')
    .updateOne({ _id: projectId }, { $set: { number: count, rank: count } });
  return { token: cast.member.token, projectId: String(project.id) };
}

/** Clients that make, change, move and delete tasks until they are told to stop. */
function keepWriting(api: TestApp, token: string, projectId: string) {
  let isOver = false;
  let done = 0;
  const failures: string[] = [];
  const send = async (method: string, path: string, expected: number, body?: object) => {
    const answer = await api.request(method, path, { token, ...(body && { body }) });
    if (answer.status !== expected) failures.push(`${method} ${path}: ${answer.text}`);
    else done += 1;
    return answer.body;
  };
  const client = async (): Promise<void> => {
    while (!isOver) {
      const { id } = await send('POST', '/api/tasks', 201, { projectId, title: `Written ${String(done)}` });
      await send('PATCH', `/api/tasks/${String(id)}`, 200, { status: 'done' });
      await send('POST', `/api/tasks/${String(id)}/move`, 200, { status: 'todo' });
      if (done % 3 === 0) await send('DELETE', `/api/tasks/${String(id)}`, 204);
    }
  };
  const clients = Array.from({ length: writers }, client);
  return {
    done: () => done,
    until: async (count: number): Promise<void> => {
      while (done < count && failures.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    stop: async (): Promise<string[]> => {
      isOver = true;
      await Promise.all(clients);
      return failures;
    },
  };
}
