import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError } from 'commander';
import { isDeployed } from '../src/config/index.ts';
import { apart, operatorConfig, withDatabase, withServer } from './operator.ts';
import { terminalProgress } from './progress.ts';
import { loadSeed } from './seed/load.ts';

interface Options {
  tasks: number;
  projects?: number;
  people?: number;
  seed: number;
  password?: string;
  events?: true;
}

const tasksPerProject = 5_000;
const fewest = { projects: 3, people: 12 };
const mostPeople = 500;

const count =
  (least: number, most: number) =>
  (text: string): number => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`give a whole number from ${String(least)} to ${String(most)}.`);
  };

const program = new Command('seed')
  .description('fill the database of a development machine with made-up people, projects and tasks')
  .option('--tasks <count>', 'how many tasks', count(1, 100_000_000), 10_000)
  .option(
    '--projects <count>',
    `how many projects; one for ${String(tasksPerProject)} tasks, at least 3`,
    count(1, 100_000),
  )
  .option('--people <count>', 'how many people; two for each project, 12 to 500', count(1, 100_000))
  .option('--seed <number>', 'which made-up world: the same number gives the same', count(1, 65_535), 1)
  .option('--password <password>', 'the password of everybody; one is made and printed unless given')
  .option('--events', 'tell the log of everything too; the worker then numbers that many events')
  .action(seed);

async function seed({ tasks, seed, events, ...options }: Options): Promise<void> {
  const config = operatorConfig();
  if (isDeployed(config.env))
    throw new Error(`Made-up data has no place in ${config.env}: run this with NODE_ENV=development.`);
  const projects = options.projects ?? Math.max(fewest.projects, Math.ceil(tasks / tasksPerProject));
  const people = options.people ?? Math.min(mostPeople, Math.max(fewest.people, 2 * projects));
  const password = options.password ?? randomBytes(12).toString('base64url');
  const today = new Date();
  today.setUTCHours(0, 0, 0, 0);
  await withDatabase(config, async (uri) => {
    // Brings collections and indexes up to date first.
    const hash = await withServer(({ hasher }) => hasher.hash(password));
    const report = await apart(uri, ({ db }) =>
      loadSeed({
        db,
        plan: { tasks, projects, people, seed, now: today },
        password: hash,
        events: events === true,
        progress: terminalProgress(),
      }),
    );
    const rate = Math.round(report.tasks / report.seconds);
    console.log(
      `${String(report.tasks)} tasks in ${String(report.projects)} projects of ${String(report.people)} people, ` +
        `${String(report.events)} events, in ${report.seconds.toFixed(1)} s (${String(rate)} tasks a second).`,
    );
    console.log(`Log in as ${report.email}, an administrator, with the password ${password}`);
  });
}

await program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
