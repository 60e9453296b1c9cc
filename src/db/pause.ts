import { setTimeout as sleep } from 'node:timers/promises';

/** Waits so many milliseconds, or less when the signal aborts; never rejects and keeps no process alive. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
}

/** What the promise gives, or undefined when so many milliseconds are over or the signal aborts before. */
export function within<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      act();
    };
    const giveUp = settle(() => {
      resolve(undefined);
    });
    const timer = setTimeout(giveUp, ms);
    timer.unref();
    signal.addEventListener('abort', giveUp);
    promise.then(
      (value) => {
        settle(() => {
          resolve(value);
        })();
      },
      (error: unknown) => {
        settle(() => {
          // The promise's own reason, whatever it is.
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- see the line above
          reject(error);
        })();
      },
    );
    if (signal.aborted) giveUp();
  });
}

/** The pause after failure number `failures`: doubles from `firstMs` up to `mostMs`, half of it by chance. */
export function backoffMs(failures: number, firstMs: number, mostMs: number): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + Math.random() / 2);
}
