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

/** Every kind of job; a job whose kind is missing here waits. */
export const jobDefinitions: readonly JobDefinition[] = [purgeTrash];

/** What runs when, in UTC. */
export const schedules: readonly Schedule[] = [{ name: 'purge-trash', cron: '17 * * * *', job: purgeTrash }];
