import { randomUUID } from 'node:crypto';
import { Cron } from 'croner';
import { z } from 'zod';
import { unitOfWork, type WorkOrigin } from '../db/unit-of-work.ts';
import type { JobDefinition } from './define-job.ts';
import { enqueue } from './enqueue.ts';
import { ScheduleModel } from './job.model.ts';

/** What the job of a schedule is given: the time it was meant for, which is earlier than its run. */
export const Tick = z.strictObject({ tick: z.iso.datetime() });

/** A job that runs at set times. */
export interface Schedule {
  /** Stored: renaming it starts it anew. */
  readonly name: string;
  /** Minute, hour, day of the month, month, day of the week, in UTC. */
  readonly cron: string;
  readonly job: JobDefinition<z.output<typeof Tick>, z.input<typeof Tick>>;
}

/** Turns the ticks of one schedule into jobs. */
export interface Ticker {
  /** Does nothing and asks nothing until the next tick is due. */
  check(now: Date): Promise<void>;
}

/** Makes the ticker of a schedule; its first check catches up what was missed while nobody ran. */
export function ticker(schedule: Schedule): Ticker {
  // Without a function: it computes times and starts nothing.
  const cron = new Cron(schedule.cron, { timezone: 'UTC', paused: true });
  let nextAt: Date | null = new Date(0);
  return {
    check: async (now) => {
      if (nextAt === null || now < nextAt) return;
      const [latest] = cron.previousRuns(1, now);
      if (latest !== undefined) await fire(schedule, latest, now);
      // From the tick, not from now: one that falls on this very moment must not be skipped.
      nextAt = cron.nextRun(latest ?? now);
    },
  };
}

/**
 * One job for the latest tick that is over, however many were missed and however many processes find it: the job and the
 * place the schedule has come to are one transaction, and the job's key is unique. A new schedule begins with its next tick.
 */
async function fire({ name, job }: Schedule, latest: Date, now: Date): Promise<void> {
  const origin: WorkOrigin = {
    actorId: null,
    requestId: `schedule-${name}`,
    operationId: randomUUID(),
    now: () => now,
  };
  await unitOfWork(origin, async (work) => {
    const place = await ScheduleModel.findOne({ _id: name }).lean();
    if (place === null) {
      work.insertPlain(ScheduleModel, { _id: name, tick: latest });
      work.onDuplicate(ScheduleModel, '_id_', 'retry');
      return;
    }
    if (place.tick >= latest) return;
    const tick = latest.toISOString();
    await enqueue(work, job, { tick }, { key: `${name}@${tick}` });
    work.updateWhere(ScheduleModel, { _id: name, tick: { $lt: latest } }, { $set: { tick: latest } });
  });
}
