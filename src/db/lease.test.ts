import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../../test/app.ts';
import { LeaseModel, releaseLease, renewLease, takeLease, whileLeader } from './lease.ts';

let api: TestApp;
const log = pino({ level: 'silent' });

beforeAll(async () => {
  api = await startApp();
});

afterAll(async () => {
  await api.close();
});

describe('a lease', () => {
  it('is held by one until it expires or is given back', async () => {
    expect(await takeLease('one', 'ann', 60_000)).toBe(true);
    expect(await takeLease('one', 'ben', 60_000)).toBe(false);
    expect(await renewLease('one', 'ben', 60_000)).toBe(false);
    expect(await renewLease('one', 'ann', 60_000)).toBe(true);
    await releaseLease('one', 'ben');
    expect(await takeLease('one', 'ben', 60_000)).toBe(false);
    await releaseLease('one', 'ann');
    expect(await takeLease('one', 'ben', 1)).toBe(true);
    await sleep(20);
    expect(await takeLease('one', 'ann', 60_000)).toBe(true);
    expect(await renewLease('one', 'ben', 60_000)).toBe(false);
  });

  it('goes to one of many who want it at once', async () => {
    const rivals = Array.from({ length: 16 }, (_, index) =>
      takeLease('many', `rival ${String(index)}`, 60_000),
    );
    expect((await Promise.all(rivals)).filter(Boolean)).toHaveLength(1);
  });
});

describe('a leader', () => {
  it('is alone, is followed by another when it stops, and gives the lease back', async () => {
    const leaders: string[] = [];
    let most = 0;
    const candidate = (name: string) => {
      const stopping = new AbortController();
      const ended = whileLeader('chair', {
        ms: 300,
        signal: stopping.signal,
        log,
        run: async (signal) => {
          leaders.push(name);
          most = Math.max(most, leaders.length);
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
          leaders.splice(leaders.indexOf(name), 1);
        },
      });
      return { name, stop: () => (stopping.abort(), ended) };
    };
    const candidates = [candidate('ann'), candidate('ben')];
    await sleep(700);
    expect(leaders).toHaveLength(1);
    const first = candidates.find(({ name }) => name === leaders[0]);
    await first?.stop();
    await sleep(700);
    expect(leaders).toHaveLength(1);
    expect(leaders[0]).not.toBe(first?.name);
    await Promise.all(candidates.map(({ stop }) => stop()));
    expect([leaders, most]).toEqual([[], 1]);
    expect(await LeaseModel.findById('chair').lean()).toMatchObject({ owner: null });
  });

  it('stops when somebody has taken its lease, and when a run fails it is run again', async () => {
    const stopping = new AbortController();
    let runs = 0;
    let lost = false;
    const ended = whileLeader('robbed', {
      ms: 300,
      signal: stopping.signal,
      log,
      run: async (signal) => {
        runs += 1;
        if (runs === 1) throw new Error('first');
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
        });
        lost = !stopping.signal.aborted;
      },
    });
    await sleep(700);
    expect(runs).toBe(2);
    await LeaseModel.updateOne({ _id: 'robbed' }, { owner: 'thief', until: new Date(Date.now() + 60_000) });
    await sleep(300);
    expect([runs, lost]).toEqual([2, true]);
    stopping.abort();
    await ended;
  });
});
