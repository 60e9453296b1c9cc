export { defineJob, type JobCtx, type JobDefinition } from './define-job.ts';
export { enqueue } from './enqueue.ts';
export { countJobs, jobReadings, parkedJobs, retryJob } from './job-desk.ts';
export { jobModels } from './job.model.ts';
export { Tick, type Schedule } from './schedule.ts';
export { startJobs, type Jobs } from './start-jobs.ts';
