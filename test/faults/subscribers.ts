import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { eventually } from '../eventually.ts';
import { endOfFeed, followStream, launchFleet, moveIn, seqsIn } from './fleet.ts';
import { reportProof } from './report.ts';

/** How much is done. */
export interface Volume {
  subscribers: number;
  writes: number;
}

/**
 * Many follow one project over two processes, one of which is killed while there is something to tell: everybody is
 * told everything once and in order.
 */
export async function killBeneathSubscribers({ subscribers, writes }: Volume): Promise<void> {
  const fleet = await launchFleet(2, { env: { STREAMS_PER_USER: '100000' } });
  try {
    const { token, projectId } = await moveIn(fleet);
    const start = await eventually(async () => Math.max(0, ...(await seqsIn(fleet, projectId, 0))));
    const cursor = await eventually(() => endOfFeed(fleet, token));
    const following = Array.from({ length: subscribers }, (_, at) => followStream(fleet, token, at, cursor));
    const write = async (count: number): Promise<void> => {
      for (let one = 0; one < count; one += 1) {
        const body = { projectId, title: randomUUID() };
        const { answer } = await fleet.insist('POST', '/api/tasks', { token, body });
        expect(answer.status, answer.text).toBe(201);
      }
    };
    await write(1);
    // Everybody is there.
    await eventually(() => {
      expect(following.filter(({ seqs }) => seqs.length === 0)).toHaveLength(0);
    }, 300_000);
    const writing = write(writes);
    fleet.ships[0]?.server.kill('SIGKILL');
    await writing;
    await fleet.restart(0);
    const expected = await eventually(() => seqsIn(fleet, projectId, start), 60_000);
    await eventually(() => {
      expect(following.filter(({ seqs }) => seqs.at(-1) !== expected.at(-1))).toHaveLength(0);
    }, 180_000);
    const wrong = following.filter(({ seqs }) => JSON.stringify(seqs) !== JSON.stringify(expected));
    expect(wrong).toHaveLength(0);
    const returns = following.reduce((sum, one) => sum + one.connections() - 1, 0);
    expect(returns).toBeGreaterThanOrEqual(Math.floor(subscribers / 2));
    for (const one of following) one.stop();
    reportProof({
      id: 'R09',
      what: 'Subscribers of the stream over two processes, one of which is killed (SIGKILL) while there is something to tell',
      counts: {
        subscribers,
        returns,
        entries: expected.length * subscribers,
        missed: 0,
        repeated: 0,
        'out of order': 0,
      },
    });
  } finally {
    await fleet.close();
  }
}
