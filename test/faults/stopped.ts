import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { expect } from 'vitest';
import { launchFleet, moveIn } from './fleet.ts';
import { reportProof } from './report.ts';

/** How much is done. */
export interface Volume {
  cycles: number;
  clients: number;
  loadMs: number;
}

const longestStopMs = 10_000;
const healthEveryMs = 100;

/**
 * Stops one of two processes under load on kept connections, again and again, behind a client that does what a proxy
 * does: it asks for their health, and takes another process when a connection is refused. No request may fail.
 */
export async function stopUnderLoad({ cycles, clients, loadMs }: Volume): Promise<void> {
  const fleet = await launchFleet(2);
  try {
    const { token, projectId } = await moveIn(fleet);
    const isReady = [true, true];
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        for (const at of [0, 1])
          isReady[at] = await fleet.ask(at, 'GET', '/health/ready').then(
            ({ status }) => status === 200,
            () => false,
          );
        await sleep(healthEveryMs);
      }
    })();
    const failures: string[] = [];
    let turn = 0;
    let answered = 0;
    let refusedConnections = 0;
    /** The next in turn that is ready; any when none is. */
    const pick = (): number => {
      turn += 1;
      return isReady[turn % 2] === true ? turn % 2 : (turn + 1) % 2;
    };
    const titles: string[] = [];
    const client = async (): Promise<void> => {
      while (!isOver) {
        const title = randomUUID();
        const sending = { token, body: { projectId, title } };
        const first = pick();
        try {
          const { status } = await fleet
            .ask(first, 'POST', '/api/tasks', sending)
            .catch((error: NodeJS.ErrnoException) => {
              // Nothing was sent on a connection that was refused.
              if (error.code !== 'ECONNREFUSED') throw error;
              refusedConnections += 1;
              return fleet.ask(first + 1, 'POST', '/api/tasks', sending);
            });
          answered += 1;
          titles.push(title);
          if (status !== 201) failures.push(`answered ${String(status)}`);
        } catch (error) {
          failures.push(String(error));
        }
      }
    };
    const working = Array.from({ length: clients }, client);
    let longestMs = 0;
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      await sleep(loadMs);
      const ship = fleet.ships[cycle % 2];
      const toldAt = performance.now();
      ship?.server.kill('SIGTERM');
      expect(await ship?.server.ended).toBe(0);
      longestMs = Math.max(longestMs, performance.now() - toldAt);
      await fleet.restart(cycle % 2);
    }
    await sleep(loadMs);
    isOver = true;
    await Promise.all([...working, watching]);
    expect(failures).toEqual([]);
    expect(longestMs).toBeLessThan(longestStopMs);
    expect(answered).toBeGreaterThan(cycles * clients);
    const stored = await fleet.database
      .collection('tasks')
      .find({ projectId: new mongoose.Types.ObjectId(projectId) })
      .toArray();
    expect(stored.map((task) => String(task['title'])).sort()).toEqual(titles.sort());
    reportProof({
      id: 'R05',
      what: 'One of two processes is stopped (SIGTERM) under writes on kept connections, which no client sends twice',
      counts: {
        stops: cycles,
        requests: answered,
        'refused connections': refusedConnections,
        failed: failures.length,
        'ms for the longest stop': Math.round(longestMs),
      },
    });
  } finally {
    await fleet.close();
  }
}
