import { Command } from 'commander';
import { countJobs, parkedJobs, retryJob } from '../src/jobs/index.ts';
import { withServer } from './operator.ts';

const mostListed = 50;

/** The commands about jobs. */
export function jobsCommand(): Command {
  const jobs = new Command('jobs').description('what is done in the background').action(list);

  jobs
    .command('retry <id>')
    .description('give a parked job all its tries again')
    .action(async (id: string) => {
      const isParked =
        /^[0-9a-f]{24}$/.test(id) && (await withServer(({ clock }) => retryJob(id, clock.now())));
      if (!isParked) throw new Error(`No parked job has the id ${id}.`);
      console.log(`${id} is tried again.`);
    });
  return jobs;
}

async function list(): Promise<void> {
  const { counts, parked } = await withServer(async () => ({
    counts: await countJobs(),
    parked: await parkedJobs(mostListed),
  }));
  for (const [state, count] of Object.entries(counts)) console.log(`${state.padEnd(8)} ${String(count)}`);
  if (parked.length > 0) console.log(`\nParked, at most ${String(mostListed)}:`);
  for (const { _id, name, attempts, endedAt, lastError } of parked) {
    console.log(
      `  ${_id.toHexString()}  ${name}, ${String(attempts)} tries until ${endedAt?.toISOString() ?? '?'}`,
    );
    console.log(`    ${lastError ?? ''}`);
  }
}
