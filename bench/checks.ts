import { connectClient } from './ask.ts';
import { dialects } from './dialects.ts';
import { shuffled } from './statistics.ts';
import type { ContenderName, TaskFacts, World } from './types.ts';

const TASKS_COMPARED = 5;

const textOf = (tasks: readonly TaskFacts[]) => JSON.stringify(tasks, undefined, 1);

/**
 * Asks every contender for the same few tasks and the same page and compares what they say with what
 * was seeded; throws with the first difference.
 */
export const compareContents = async (worlds: readonly World[]): Promise<void> => {
  const [first] = worlds;
  if (first === undefined) return;
  const tasks = shuffled(first.tasks).slice(0, TASKS_COMPARED);
  const pageNumber = Math.floor(Math.random() * first.pages.length);
  const seeded = new Map(first.tasks.map((task) => [task.id, task]));
  for (const world of worlds) {
    const dialect = dialects[world.contender];
    const [token] = world.tokens;
    const page = world.pages[pageNumber];
    if (page === undefined) throw new Error(`${world.contender} has no page ${pageNumber}`);
    const client = await connectClient(world.contender, world.port, 1);
    const bodies = await client.askAll(
      [...tasks.map((task) => dialect.get(task.id)), dialect.list(world, page)].map((call) => ({
        ...call,
        token,
      })),
      200,
    );
    client.close();
    const seen = [...bodies.slice(0, -1).map(dialect.readTask), ...dialect.readList(bodies.at(-1))];
    const expected = [...tasks, ...page.ids.flatMap((id) => seeded.get(id) ?? [])];
    if (textOf(seen) !== textOf(expected)) {
      throw new Error(`${world.contender} holds other contents: ${textOf(seen)}\nnot ${textOf(expected)}`);
    }
  }
};

/** How N rivals fared who all changed one version of one task at once. */
export interface RivalsResult {
  contender: ContenderName;
  rivals: number;
  won: number;
  refused: number;
}

/** Sends the same change under the same version over `rivals` connections at once and counts the answers. */
export const letRivalsCompete = async (
  world: World,
  taskId: string,
  rivals: number,
): Promise<RivalsResult> => {
  const dialect = dialects[world.contender];
  const client = await connectClient(world.contender, world.port, 1);
  const { body } = await client.ask({ ...dialect.get(taskId), token: world.tokens[0] });
  client.close();
  const { version, status } = dialect.readTask(body);
  const call = dialect.setStatus(taskId, status === 'todo' ? 'in_progress' : 'todo', version);
  const clients = await Promise.all(
    Array.from({ length: rivals }, () => connectClient(world.contender, world.port, 1)),
  );
  const answers = await Promise.all(
    clients.map((rival, n) => rival.ask({ ...call, token: world.tokens[n % world.tokens.length] })),
  );
  for (const rival of clients) rival.close();
  const count = (wanted: number) => answers.filter((answer) => answer.status === wanted).length;
  return { contender: world.contender, rivals, won: count(200), refused: count(412) };
};
