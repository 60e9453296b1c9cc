import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What the command line asked for. */
export interface Options {
  rounds: number;
  milliseconds: number;
  starts: number;
  tasks: number;
  /** Whether docs/performance.md gets the figures. */
  write: boolean;
  /** A MongoDB server to measure on instead of the embedded one. */
  mongoUri: string | null;
  /** The script that starts the built product. */
  product: string;
}

/** The usage text. */
export const usage = `npm run bench -- [options]
  --rounds N       measured rounds, at least 1 (7)
  --seconds S      length of one measurement (1.5)
  --starts N       starts per contender for start-up time (5)
  --tasks N        tasks in the project that is read (10000)
  --quick          3 rounds of 1 s, 3 starts, and the figures are not written to docs/performance.md
  --write          write them although the run is quick
  --mongo-uri URI  measure on this replica set instead of the embedded server
  --product FILE   start this build of the product (dist/src/main.js)`;

/** Reads the command line; throws a TypeError that names an unknown or malformed option. */
export const readOptions = (args: readonly string[]): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      starts: { type: 'string' },
      tasks: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      'mongo-uri': { type: 'string' },
      product: { type: 'string', default: 'dist/src/main.js' },
    },
  });
  const positive = (name: 'rounds' | 'seconds' | 'starts' | 'tasks', usual: number) => {
    const value = Number(values[name] ?? usual);
    if (!(value > 0)) throw new TypeError(`--${name} needs a number above 0, not ${values[name]}`);
    return value;
  };
  return {
    rounds: Math.ceil(positive('rounds', values.quick ? 3 : 7)),
    milliseconds: positive('seconds', values.quick ? 1 : 1.5) * 1000,
    starts: Math.ceil(positive('starts', values.quick ? 3 : 5)),
    tasks: Math.ceil(positive('tasks', 10_000)),
    write: values.write || !values.quick,
    mongoUri: values['mongo-uri'] ?? null,
    product: resolve(values.product),
  };
};
