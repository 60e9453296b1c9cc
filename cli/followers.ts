import { Command, InvalidArgumentError } from 'commander';
import { consumers } from '../src/consumers.ts';
import type { Follower } from '../src/events/follow.ts';
import { followerStates, replayFollower, unparkEvents } from '../src/events/follower-desk.ts';
import { withServer } from './operator.ts';

/** The commands about who follows the log of events. */
export function followersCommand(): Command {
  const followers = new Command('followers').description('who follows the log of events').action(list);

  followers
    .command('replay <name>')
    .description('make a follower go through the log again')
    .requiredOption('--from <seq>', 'the number of the first event', eventNumber)
    .action(async (name: string, { from }: { from: number }) => {
      const follower = declared(name);
      await withServer(() => replayFollower(follower, from));
      console.log(`${name} goes through the log again from event ${String(from)}.`);
    });

  followers
    .command('unpark <name> [eventId]')
    .description('run parked events again, in the order of the log: all of them, or one')
    .action(async (name: string, eventId?: string) => {
      const follower = declared(name);
      const { done, failed } = await withServer(({ log, clock }) =>
        unparkEvents(follower, eventId, {
          log,
          now: () => clock.now(),
          signal: new AbortController().signal,
        }),
      );
      console.log(`${String(done)} done, ${String(failed.length)} failed again.`);
      for (const { seq, error } of failed) console.log(`  ${String(seq)}: ${error}`);
      if (failed.length > 0) process.exitCode = 1;
    });
  return followers;
}

async function list(): Promise<void> {
  const states = await withServer(() => followerStates(consumers));
  const rows = states.map(({ name, seq, lag, parked, owner }) =>
    [name, seq ?? 'new', lag, parked, owner ?? 'nobody'].map(String),
  );
  const table = [['follower', 'at', 'behind', 'parked', 'led by'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

function declared(name: string): Follower {
  const follower = consumers.find((one) => one.name === name);
  if (follower !== undefined) return follower;
  throw new Error(`No follower is called ${name}; there are ${consumers.map((one) => one.name).join(', ')}.`);
}

function eventNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('give the number of an event, 1 or more.');
}
