import { setTimeout as sleep } from 'node:timers/promises';

/** Waits so many milliseconds, or less when the signal aborts; never rejects and keeps no process alive. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
}

/** The pause before attempt number `attempt` + 1: doubles from `firstMs` up to `mostMs`, half of it by chance. */
export function backoffMs(attempt: number, firstMs: number, mostMs: number): number {
  const full = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return full * (0.5 + Math.random() / 2);
}
