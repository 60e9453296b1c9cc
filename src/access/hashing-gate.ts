import { Problem } from '../errors/index.ts';

const retryAfterSeconds = 2;

/**
 * Lets at most `atOnce` of the acts given to it run, the others wait in line.
 * Throws `server.busy` when `mostWaiting` are in line already.
 */
export function hashingGate(atOnce: number, mostWaiting: number) {
  const line: (() => void)[] = [];
  let running = 0;
  return async <R>(act: () => Promise<R>): Promise<R> => {
    if (running < atOnce) {
      running += 1;
    } else {
      if (line.length >= mostWaiting) {
        throw new Problem('server.busy', {
          detail: 'Too many passwords are being checked right now.',
          retryAfterSeconds,
        });
      }
      // Whoever leaves hands the place over, so `running` stays as it is.
      await new Promise<void>((enter) => line.push(enter));
    }
    try {
      return await act();
    } finally {
      const next = line.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
