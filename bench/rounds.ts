import { fork } from 'node:child_process';
import { join } from 'node:path';
import { compareContents, letRivalsCompete, type RivalsResult } from './checks.ts';
import { cpuMicroseconds, cpuWhenSettled } from './process-times.ts';
import { shuffled } from './statistics.ts';
import type { ContenderName, Run, RunResult, World } from './types.ts';
import { slots, writes, type Slot } from './workloads.ts';

/** Everything measured for one slot and contender, one entry per round in each list. */
export interface Series {
  slot: Slot;
  contender: ContenderName;
  /** Answers per second. */
  rates: number[];
  /** CPU microseconds of the server's own process per answer. */
  serverCpu: number[];
  /** CPU microseconds of the database process per answer; empty where the database is elsewhere. */
  databaseCpu: number[];
  /** Milliseconds, closed loop. */
  p50: number[];
  p99: number[];
}

/** What the rounds gave. */
export interface RoundsResult {
  series: Series[];
  rivals: RivalsResult[];
  comparisons: number;
}

/** What is up and measured. */
export interface Field {
  worlds: World[];
  pids: Map<ContenderName, number>;
  databasePid: number | null;
  /** One task per contender for the rivals; no other workload writes it. */
  rivalTask: string;
}

const RIVALS = 16;

/** The load process: one message out, one answer back. */
const startLoad = (repository: string) => {
  const child = fork(join(repository, 'bench', 'load.ts'));
  let waiting: { resolve: (result: RunResult) => void; reject: (error: Error) => void } | null = null;
  child.on('message', (result: RunResult) => waiting?.resolve(result));
  child.on('exit', (code) => waiting?.reject(new Error(`the load process ended with ${code}`)));
  return {
    ask: (message: { worlds: World[] } | Run) =>
      new Promise<RunResult>((resolve, reject) => {
        waiting = { resolve, reject };
        child.send(message);
      }),
    stop: () => child.kill('SIGTERM'),
  };
};

type Load = ReturnType<typeof startLoad>;

const measureOnce = async (load: Load, field: Field, series: Series, milliseconds: number) => {
  const { slot, contender } = series;
  const pid = field.pids.get(contender);
  if (pid === undefined) throw new Error(`${contender} is not running`);
  const { databasePid } = field;
  const server = await cpuMicroseconds(pid);
  const database = databasePid === null ? 0 : await cpuMicroseconds(databasePid);
  const result = await load.ask({
    contender,
    workload: slot.workload,
    clients: slot.clients,
    milliseconds,
  });
  if (result.wrong !== null) throw new Error(`${slot.id} ${contender}: ${result.wrong}`);
  const serverAfter = writes(slot.workload) ? await cpuWhenSettled(pid) : await cpuMicroseconds(pid);
  series.rates.push((result.answers / result.milliseconds) * 1000);
  series.serverCpu.push((serverAfter - server) / result.answers);
  if (databasePid !== null) {
    series.databaseCpu.push(((await cpuMicroseconds(databasePid)) - database) / result.answers);
  }
  series.p50.push(result.p50);
  series.p99.push(result.p99);
};

const emptySeries = (worlds: readonly World[]): Series[] =>
  slots.flatMap((slot) =>
    worlds.map(({ contender }) => ({
      slot,
      contender,
      rates: [],
      serverCpu: [],
      databaseCpu: [],
      p50: [],
      p99: [],
    })),
  );

/**
 * Measures every slot in every round, slots in random order and the contenders in random order inside
 * each slot, so that they meet the same moods of the machine. A first, shorter round only warms up.
 */
export const runRounds = async (
  repository: string,
  field: Field,
  rounds: number,
  milliseconds: number,
  report: (line: string) => void,
): Promise<RoundsResult> => {
  const load = startLoad(repository);
  const rivals: RivalsResult[] = [];
  const series = emptySeries(field.worlds);
  try {
    await load.ask({ worlds: field.worlds });
    for (let round = 0; round <= rounds; round += 1) {
      const warmUp = round === 0;
      report(warmUp ? 'warming up …' : `round ${round} of ${rounds} …`);
      await compareContents(field.worlds);
      for (const world of field.worlds) {
        if (world.contender !== 'parse') rivals.push(await letRivalsCompete(world, field.rivalTask, RIVALS));
      }
      const target = warmUp ? emptySeries(field.worlds) : series;
      for (const slot of shuffled(slots)) {
        for (const one of shuffled(target.filter((entry) => entry.slot === slot))) {
          await measureOnce(load, field, one, warmUp ? milliseconds / 2 : milliseconds);
        }
      }
    }
  } finally {
    load.stop();
  }
  return { series, rivals, comparisons: rounds + 1 };
};
