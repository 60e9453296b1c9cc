import { z } from 'zod';
import { loadConfig } from '../config/index.ts';
import { connectDatabase } from '../db/connect.ts';
import { makeLogger } from '../observability/logger.ts';
import { systemClock } from '../ports/clock.ts';
import { defineJob, startJobs } from './index.ts';

// Run as a process of its own by a spec, which kills it in the middle of a job that never ends.
const [uri = ''] = process.argv.slice(2);
const config = loadConfig({ NODE_ENV: 'test', MONGO_URI: uri });
const log = makeLogger(config);
await connectDatabase(uri, config, log);
const endless = defineJob('endless', {
  schema: z.strictObject({}),
  leaseMs: 600,
  maxAttempts: 2,
  run: ({}, { attempt }) => {
    console.log(`try ${String(attempt)}`);
    return new Promise(() => undefined);
  },
});
startJobs({ deps: { config, log, clock: systemClock }, definitions: [endless], schedules: [] });
