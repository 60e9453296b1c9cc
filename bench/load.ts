/**
 * The load generator: a process of its own that answers one message per measurement. Its parent sends
 * first `{ worlds }`, then one `Run` at a time, and gets a `RunResult` for each.
 */
import { header, openConnection, type Answer, type Connection } from './connection.ts';
import { asHttp, dialects, type Call, type Dialect } from './dialects.ts';
import { quantile } from './statistics.ts';
import type { ContenderName, Run, RunResult, TaskFacts, WorkloadName, World } from './types.ts';

/** One client's next request and the judgement of its answer: null, or what is wrong in words. */
interface Step {
  call: Call;
  judge: (answer: Answer) => string | null;
}

/** Gives the client with this index its steps, one after the other. */
type Script = (client: number) => () => Step;

const STATUSES = ['backlog', 'todo', 'in_progress', 'in_review'];
const TASKS_PER_CLIENT = 20;
const TASKS_READ = 1000;

const json = (answer: Answer): unknown => JSON.parse(answer.body.toString('utf8'));

const wrongStatus = (answer: Answer, status: number) =>
  answer.status === status
    ? null
    : `status ${answer.status} instead of ${status}: ${answer.body.toString('utf8').slice(0, 500)}`;

const differing = (seen: TaskFacts, expected: TaskFacts) => {
  const fields = Object.keys(expected) as (keyof TaskFacts)[]; // TaskFacts has no other keys
  const field = fields.find((name) => seen[name] !== expected[name]);
  return field === undefined ? null : `${field} is ${seen[field]} instead of ${expected[field]}`;
};

/**
 * Judges bodies that must not change: read once in full, then compared byte by byte, and read again in
 * full when the bytes differ.
 */
const steadyBodies = () => {
  const known = new Map<string, Buffer>();
  return (key: string, answer: Answer, read: () => string | null) => {
    if (known.get(key)?.equals(answer.body) === true) return null;
    const wrong = wrongStatus(answer, 200) ?? read();
    if (wrong === null) known.set(key, Buffer.from(answer.body));
    return wrong;
  };
};

const getScript = (world: World, dialect: Dialect): Script => {
  const judgeSteady = steadyBodies();
  const tasks = world.tasks.slice(0, TASKS_READ);
  let turn = 0;
  return () => () => {
    turn += 1;
    const task = tasks[(turn * 7919) % tasks.length];
    if (task === undefined) throw new Error('there are no tasks to read');
    return {
      call: { ...dialect.get(task.id), token: world.tokens[turn % world.tokens.length] },
      judge: (answer) => judgeSteady(task.id, answer, () => differing(dialect.readTask(json(answer)), task)),
    };
  };
};

const listScript = (world: World, dialect: Dialect): Script => {
  const judgeSteady = steadyBodies();
  let turn = 0;
  return () => () => {
    turn += 1;
    const page = world.pages[turn % world.pages.length];
    if (page === undefined) throw new Error('there are no pages to list');
    return {
      call: { ...dialect.list(world, page), token: world.tokens[turn % world.tokens.length] },
      judge: (answer) =>
        judgeSteady(page.cursor, answer, () => {
          const ids = dialect.readList(json(answer)).map((task) => task.id);
          return ids.join() === page.ids.join() ? null : `other tasks on the page: ${ids.join()}`;
        }),
    };
  };
};

const createScript = (world: World, dialect: Dialect): Script => {
  const seen = new Set<string>();
  let turn = 0;
  return () => () => {
    turn += 1;
    const title = `Written task ${turn}`;
    return {
      call: { ...dialect.create(world, title), token: world.tokens[turn % world.tokens.length] },
      judge: (answer) => {
        const wrong = wrongStatus(answer, 201);
        if (wrong !== null) return wrong;
        const task = dialect.readTask(json(answer));
        if (seen.has(task.id)) return `the id ${task.id} was given twice`;
        seen.add(task.id);
        if (!/^[0-9a-zA-Z]{10,24}$/.test(task.id)) return `the id is ${task.id}`;
        return dialect.writesAnswerWholeTask && task.title !== title ? `the title is ${task.title}` : null;
      },
    };
  };
};

const updateScript = (world: World, dialect: Dialect): Script => {
  const versions = new Map(world.ownTasks.map((id) => [id, 1]));
  return (client) => {
    const own = world.ownTasks.slice(client * TASKS_PER_CLIENT, (client + 1) * TASKS_PER_CLIENT);
    const token = world.tokens[client % world.tokens.length];
    let turn = 0;
    return () => {
      turn += 1;
      const id = own[turn % own.length];
      if (id === undefined) throw new Error('there are too few tasks to change');
      const version = versions.get(id) ?? 1;
      const status = STATUSES[version % STATUSES.length] ?? 'todo';
      return {
        call: { ...dialect.setStatus(id, status, version), token },
        judge: (answer) => {
          const wrong = wrongStatus(answer, 200);
          if (wrong !== null) return wrong;
          versions.set(id, version + 1);
          const task = dialect.readTask(json(answer));
          if (task.version !== version + 1) return `the version is ${task.version} after ${version}`;
          if (!dialect.writesAnswerWholeTask) return null;
          return task.id === id && task.status === status ? null : `${task.id} is ${task.status}`;
        },
      };
    };
  };
};

const scripts: Record<WorkloadName, (world: World, dialect: Dialect) => Script> = {
  get: getScript,
  list: listScript,
  create: createScript,
  update: updateScript,
};

/** One client: asks, waits, judges, until the time is over; returns the first wrong answer in words. */
const drive = async (
  connection: Connection,
  dialect: Dialect,
  nextStep: () => Step,
  until: number,
  latencies: number[],
): Promise<string | null> => {
  for (let now = performance.now(); now < until;) {
    const step = nextStep();
    const answer = await connection.send(asHttp(dialect, step.call));
    const then = performance.now();
    latencies.push(then - now);
    now = then;
    const wrong = step.judge(answer);
    if (wrong !== null) {
      const requestId = header(answer.head, 'x-request-id') ?? 'none';
      return `${step.call.method} ${step.call.path}: ${wrong} (request id ${requestId})`;
    }
  }
  return null;
};

const measure = async (world: World, script: Script, run: Run): Promise<RunResult> => {
  const dialect = dialects[world.contender];
  const connections = await Promise.all(
    Array.from({ length: run.clients }, () => openConnection(world.port)),
  );
  const latencies: number[] = [];
  const start = performance.now();
  const found = await Promise.all(
    connections.map((connection, client) =>
      drive(connection, dialect, script(client), start + run.milliseconds, latencies),
    ),
  );
  const milliseconds = performance.now() - start;
  for (const connection of connections) connection.close();
  latencies.sort((a, b) => a - b);
  return {
    answers: latencies.length,
    milliseconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    wrong: found.find((wrong) => wrong !== null) ?? null,
  };
};

const worlds = new Map<ContenderName, World>();
// Scripts live as long as the process: they remember versions and ids from one measurement to the next.
const running = new Map<string, Script>();

const answerTo = async (message: { worlds: World[] } | Run): Promise<void> => {
  if ('worlds' in message) {
    for (const world of message.worlds) worlds.set(world.contender, world);
    process.send?.({ ready: true });
    return;
  }
  const world = worlds.get(message.contender);
  if (world === undefined) throw new Error(`no world for ${message.contender}`);
  const key = `${message.contender} ${message.workload}`;
  const script = running.get(key) ?? scripts[message.workload](world, dialects[world.contender]);
  running.set(key, script);
  process.send?.(await measure(world, script, message));
};

process.on('message', (message: { worlds: World[] } | Run) => {
  answerTo(message).catch((error: unknown) => {
    process.send?.({ answers: 0, milliseconds: 1, p50: 0, p99: 0, wrong: String(error) });
  });
});
