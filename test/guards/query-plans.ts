import mongoose from 'mongoose';

/** A command as the driver sent it. */
type Command = Record<string, unknown>;

/** What the server does for one command. */
export interface Plan {
  stages: string[];
  /** Documents looked at until the command's limit was reached; in a plan that was not run, the most it can look at. */
  documents: number;
}

/** The part of a command that chooses documents: what follows sees no more than its limit lets through. */
export interface Choice {
  find: string;
  filter: unknown;
  sort?: unknown;
  skip?: number;
  hint?: unknown;
  limit: number;
}

const reading = ['find', 'aggregate', 'count'];

/** Records the reading commands that the driver sends about a collection while `act` runs. */
export async function commandsOf(collection: string, act: () => Promise<unknown>): Promise<Command[]> {
  const client = mongoose.connection.getClient();
  const commands: Command[] = [];
  const listen = (event: { commandName: string; command: Command }): void => {
    if (reading.includes(event.commandName) && event.command[event.commandName] === collection)
      commands.push(event.command);
  };
  client.on('commandStarted', listen);
  try {
    await act();
  } finally {
    client.off('commandStarted', listen);
  }
  return commands;
}

/** Throws when a command has no limit, or stages before it that a find does not have. */
export function choiceOf(command: Command): Choice {
  if ('find' in command) {
    const { find, filter, sort, skip, limit, hint } = command;
    return bounded({ find: String(find), filter, sort, skip, limit, hint }, command);
  }
  const choice: Loose = {
    find: String(command['aggregate']),
    filter: {},
    hint: command['hint'],
    limit: undefined,
  };
  // The driver sends an aggregation's stages as a list of objects with one name each.
  for (const stage of (command['pipeline'] ?? []) as Record<string, unknown>[]) {
    if ('$match' in stage) choice.filter = stage['$match'];
    else if ('$sort' in stage) choice.sort = stage['$sort'];
    else if ('$skip' in stage) choice.skip = stage['$skip'];
    else if ('$limit' in stage) choice.limit = stage['$limit'];
    else break;
    if (choice.limit !== undefined) break;
  }
  return bounded(choice, command);
}

/** A choice as it is read off a command, before its parts have been looked at. */
type Loose = Pick<Choice, 'find' | 'filter'> & Record<'limit', unknown> & Record<string, unknown>;

function bounded(choice: Loose, command: Command): Choice {
  if (typeof choice.limit !== 'number' || choice.limit <= 0)
    throw new Error(`a command without a limit: ${JSON.stringify(command)}`);
  // The driver would send an undefined option as null; the limit has been looked at above.
  return Object.fromEntries(
    Object.entries(choice).filter(([, value]) => value !== undefined),
  ) as unknown as Choice;
}

/** A name for a choice, the same for choices of the same words; the driver keeps sorts in maps. */
export const nameOf = (choice: Choice): string =>
  JSON.stringify(choice, (_, value: unknown) => (value instanceof Map ? [...value] : value));

/** A name for everything of a choice that its plan depends on: fields, operators, kinds of values, sort and index. */
export const shapeOf = ({ find, filter, sort, hint }: Choice): string =>
  nameOf({ find, filter: kindsIn(filter), sort, hint, limit: 1 });

function kindsIn(part: unknown): unknown {
  if (Array.isArray(part)) {
    const kinds = part.map(kindsIn);
    return new Set(kinds).size === 1 && typeof kinds[0] === 'string' ? [kinds[0]] : kinds;
  }
  if (part === null || part instanceof Date || part instanceof RegExp)
    return part?.constructor.name ?? 'null';
  if (typeof part !== 'object') return typeof part;
  if ('_bsontype' in part) return String(part._bsontype);
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, kindsIn(value)]));
}

/** Explains what chooses a command's documents, by running it or by asking for the plan only. */
export async function explain(
  choice: Choice,
  verbosity: 'executionStats' | 'queryPlanner' = 'executionStats',
): Promise<Plan> {
  const answer = await mongoose.connection.db?.command({ explain: choice, verbosity });
  const found: Found = { stages: [], documents: 0, scans: 0, refuses: false };
  collect(answer, found);
  const { stages, documents, scans, refuses } = found;
  if (verbosity === 'executionStats') return { stages, documents };
  // Where nothing between index and limit refuses a document, one is looked at for each that is let through, and
  // one for the head of each range that is merged.
  return { stages, documents: refuses ? Infinity : choice.limit + (choice.skip ?? 0) + scans };
}

interface Found extends Plan {
  scans: number;
  /** Whether a document that the index found can still be refused. */
  refuses: boolean;
}

function collect(part: unknown, found: Found): void {
  if (typeof part !== 'object' || part === null) return;
  for (const [name, value] of Object.entries(part)) {
    if (['rejectedPlans', 'command', 'allPlansExecution', 'parsedQuery'].includes(name)) continue;
    if (name === 'stage') {
      found.stages.push(String(value));
      if (value === 'IXSCAN') found.scans += 1;
    }
    if (name === 'totalDocsExamined') found.documents += Number(value);
    if (name === 'filter' && !asksForNullOnly(value)) found.refuses = true;
    collect(value, found);
  }
}

/** An index keeps a missing field as null, so a server looks again; here no document lacks a field. */
const asksForNullOnly = (filter: unknown): boolean =>
  /^\{"\w+":\{"\$(?:eq|ne)":null\}\}$/.test(JSON.stringify(filter));

/** What is wrong with plans that may look at `most` documents each. */
export function faultsIn(plans: readonly Plan[], most: number): string[] {
  if (plans.length === 0) return ['asks the database nothing'];
  return plans.flatMap(({ stages, documents }) => [
    ...(stages.includes('COLLSCAN') ? ['reads the whole collection'] : []),
    ...(stages.includes('SORT') ? ['sorts in memory'] : []),
    ...(stages.some((stage) => /IXSCAN|COUNT_SCAN|EOF/.test(stage))
      ? []
      : [`uses no index: ${stages.join()}`]),
    ...(documents > most ? [`looks at ${String(documents)} documents, more than ${String(most)}`] : []),
  ]);
}
