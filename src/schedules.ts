import { purgeEvents } from './events/index.ts';
import { emptyProject, purgeTasks } from './features/tasks/index.ts';
import { purgeProjects } from './features/projects/index.ts';
import { defineJob, Tick, type JobDefinition, type Schedule } from './jobs/index.ts';

const purgeTrash = defineJob('purge-trash', {
  schema: Tick,
  run: async (_tick, ctx) => {
    await purgeTasks(ctx);
    await purgeProjects(ctx, emptyProject);
  },
});

const dayMs = 86_400_000;

const purgeOldEvents = defineJob('purge-events', {
  schema: Tick,
  run: async (_tick, { deps, log, now }) => {
    const { eventRetentionDays } = deps.config;
    if (eventRetentionDays === 0) return;
    const removed = await purgeEvents(new Date(now().getTime() - eventRetentionDays * dayMs));
    if (removed > 0) log.info({ removed }, 'old events are removed');
  },
});

/** Every kind of job; a job whose kind is missing here waits. */
export const jobDefinitions: readonly JobDefinition[] = [purgeTrash, purgeOldEvents];

/** What runs when, in UTC. */
export const schedules: readonly Schedule[] = [
  { name: 'purge-trash', cron: '17 * * * *', job: purgeTrash },
  { name: 'purge-events', cron: '41 3 * * *', job: purgeOldEvents },
];
