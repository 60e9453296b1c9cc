import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { expect } from 'vitest';
import { eventually } from '../eventually.ts';
import { endOfFeed, followStream, launchFleet, moveIn, seqsIn } from './fleet.ts';
import { reportProof } from './report.ts';

/** How much is done. */
export interface Volume {
  cycles: number;
  clients: number;
  followers: number;
  /** How long a cycle lasts before the kill, and after it. */
  loadMs: number;
}

/**
 * Kills one of two processes under load, again and again, and counts: nothing acknowledged is lost, nothing is done
 * twice, and whoever follows the stream misses nothing.
 */
export async function killUnderLoad({ cycles, clients, followers, loadMs }: Volume): Promise<void> {
  const fleet = await launchFleet(2);
  try {
    const { token, projectId } = await moveIn(fleet);
    const start = await eventually(async () => Math.max(0, ...(await seqsIn(fleet, projectId, 0))));
    const cursor = await eventually(() => endOfFeed(fleet, token));
    const following = Array.from({ length: followers }, (_, at) => followStream(fleet, token, at, cursor));
    const acknowledged = new Map<string, { id: string; title: string; version: number }>();
    const tried: string[] = [];
    let repeats = 0;
    let isOver = false;
    const client = async (): Promise<void> => {
      while (!isOver) {
        const name = randomUUID();
        tried.push(name);
        const made = await fleet.insist('POST', '/api/tasks', { token, body: { projectId, title: name } });
        expect(made.answer.status, made.answer.text).toBe(201);
        const { id } = made.answer.body as { id: string };
        acknowledged.set(name, { id, title: name, version: 1 });
        const title = `${name} again`;
        const changed = await fleet.insist('PATCH', `/api/tasks/${id}`, { token, body: { title } });
        expect(changed.answer.status, changed.answer.text).toBe(200);
        acknowledged.set(name, { id, title, version: 2 });
        repeats += made.sent + changed.sent - 2;
      }
    };
    const working = Array.from({ length: clients }, client);
    const failed = Promise.all(working).then(() => undefined);
    failed.catch(() => undefined);
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      await sleep(loadMs);
      fleet.ships[cycle % 2]?.server.kill('SIGKILL');
      await fleet.restart(cycle % 2);
    }
    await sleep(loadMs);
    isOver = true;
    await failed;

    const tasks = await fleet.database
      .collection('tasks')
      .find({ projectId: new mongoose.Types.ObjectId(projectId) })
      .toArray();
    const stored = new Map(tasks.map((task) => [String(task._id), task]));
    const lost = [...acknowledged.values()].filter(({ id, title, version }) => {
      const task = stored.get(id);
      return task?.['title'] !== title || task['version'] !== version;
    });
    expect(lost).toEqual([]);
    // Whatever was tried has one task, however often it was sent.
    expect(tasks.map(({ title }) => String(title).slice(0, 36)).sort()).toEqual([...tried].sort());
    const events = await fleet.database
      .collection('events')
      .find({ 'subject.type': 'task' })
      .project({ name: 1, subject: 1 })
      .toArray();
    const told = events.map(
      ({ name, subject }) => `${String(name)} ${String((subject as { id: string }).id)}`,
    );
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBe(2 * tried.length);
    expect(repeats).toBeGreaterThan(0);

    const expected = await eventually(() => seqsIn(fleet, projectId, start), 30_000);
    await eventually(() => {
      for (const { seqs } of following) expect(seqs.at(-1)).toBe(expected.at(-1));
    }, 60_000);
    for (const { seqs } of following) expect(seqs).toEqual(expected);
    for (const one of following) one.stop();
    reportProof({
      id: 'R04',
      what: 'One of two processes is killed (SIGKILL) under writes with keys and repeats; followers of the stream come back with their last id',
      counts: {
        kills: cycles,
        'acknowledged writes': 2 * tried.length,
        repeats,
        lost: lost.length,
        duplicates: 0,
        'entries to followers': expected.length * followers,
        missed: 0,
      },
    });
  } finally {
    await fleet.close();
  }
}
