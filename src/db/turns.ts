const queues = new Map<string, Promise<unknown>>();

/**
 * Runs `act` after everyone in this process who asked for the same key before.
 * Rivals for one document lose less work when they stand in line after their first collision.
 */
export async function takeTurns<R>(key: string, act: () => Promise<R>): Promise<R> {
  const before = queues.get(key) ?? Promise.resolve();
  const mine = before.then(act, act);
  const settled = mine.catch(() => undefined);
  queues.set(key, settled);
  try {
    return await mine;
  } finally {
    if (queues.get(key) === settled) queues.delete(key);
  }
}

/** Whether somebody in this process is having a turn for the key. */
export const isTurnTaken = (key: string): boolean => queues.has(key);
