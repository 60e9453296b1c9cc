import mongoose from 'mongoose';

/** A command as the driver sent it. */
type Command = Record<string, unknown>;

/** What the server does for one command. */
export interface Plan {
  stages: string[];
  /** Documents looked at until the command's limit was reached. */
  documents: number;
}

/** The part of a command that chooses documents: what follows sees no more than its limit lets through. */
interface Choice {
  find: string;
  filter: unknown;
  sort?: unknown;
  skip?: unknown;
  hint?: unknown;
  limit: unknown;
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
  const choice: Choice = {
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

function bounded(choice: Choice, command: Command): Choice {
  if (typeof choice.limit !== 'number' || choice.limit <= 0)
    throw new Error(`a command without a limit: ${JSON.stringify(command)}`);
  return withoutUndefined(choice);
}

/** The driver would send an undefined option as null. */
const withoutUndefined = (choice: Choice): Choice =>
  Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined)) as unknown as Choice;

/** Explains what chooses a command's documents. */
export async function explain(choice: Choice): Promise<Plan> {
  const answer = await mongoose.connection.db?.command({ explain: choice, verbosity: 'executionStats' });
  const plan: Plan = { stages: [], documents: 0 };
  collect(answer, plan);
  return plan;
}

function collect(part: unknown, plan: Plan): void {
  if (typeof part !== 'object' || part === null) return;
  for (const [name, value] of Object.entries(part)) {
    if (['rejectedPlans', 'command', 'allPlansExecution'].includes(name)) continue;
    if (name === 'stage') plan.stages.push(String(value));
    if (name === 'totalDocsExamined') plan.documents += Number(value);
    collect(value, plan);
  }
}
