import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until the check passes, for what happens a moment after a request: it is run again until it does not throw.
 * Throws its last failure when the time is over.
 */
export async function eventually<R>(check: () => R | Promise<R>, withinMs = 10_000): Promise<R> {
  const giveUpAt = performance.now() + withinMs;
  for (let waitMs = 5; ; waitMs = Math.min(100, waitMs * 2)) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(waitMs);
    }
  }
}
