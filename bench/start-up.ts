import { setTimeout as pause } from 'node:timers/promises';
import { startContender, type Places } from './contenders/start.ts';
import { residentMegabytes } from './process-times.ts';
import { shuffled } from './statistics.ts';
import type { ContenderName } from './types.ts';

/** Start-up of one contender, one entry per start. */
export interface StartUp {
  contender: ContenderName;
  /** Milliseconds from spawn to the first good answer, the database already running and filled. */
  readyAfter: number[];
  /** Resident megabytes after a rest. */
  resident: number[];
}

const REST = 3000; // milliseconds without a request before the memory is read

/** Starts each contender `starts` times in random order, alone on the machine with the database. */
export const measureStartUp = async (
  contenders: readonly ContenderName[],
  starts: number,
  uriOf: (contender: ContenderName) => string,
  places: Places,
  env: NodeJS.ProcessEnv,
): Promise<StartUp[]> => {
  const results = contenders.map((contender): StartUp => ({ contender, readyAfter: [], resident: [] }));
  for (let start = 0; start < starts; start += 1) {
    for (const result of shuffled(results)) {
      const started = await startContender(result.contender, uriOf(result.contender), places, env);
      await pause(REST);
      result.readyAfter.push(started.readyAfter);
      result.resident.push(await residentMegabytes(started.pid));
      await started.stop();
    }
  }
  return results;
};
