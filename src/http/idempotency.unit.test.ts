import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inTurn } from './idempotency.ts';

describe('standing in line', () => {
  it('runs one after the other', async () => {
    const order: number[] = [];
    await Promise.all(
      [30, 10, 0].map((ms, at) =>
        inTurn('line', 1_000, async () => {
          await sleep(ms);
          order.push(at);
        }),
      ),
    );
    expect(order).toEqual([0, 1, 2]);
  });

  it('gives up when the wait is too long, and then never runs', async () => {
    let ran = false;
    const first = inTurn('slow', 1_000, () => sleep(80));
    const late = inTurn('slow', 20, () => {
      ran = true;
      return Promise.resolve();
    });
    await expect(late).rejects.toMatchObject({ code: 'idempotency.in_progress' });
    await first;
    await sleep(5);
    expect(ran).toBe(false);
  });
});
