/** `npm run bench:streams`: how soon streams hear of a commit, and what one event to many of them costs. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connectClient, type Client } from './ask.ts';
import {
  buildScript,
  recipes,
  scriptOf,
  startRecipe,
  type Places,
  type Started,
} from './contenders/start.ts';
import { residentMegabytes } from './process-times.ts';
import { ratioText, spread, table, verdict } from './report.ts';
import { median, quantile, ratioOf, shuffled } from './statistics.ts';
import { subscribe, subscribeAll } from './subscriber.ts';
import {
  commit,
  machine,
  publish,
  report,
  repository,
  versionOf,
  withDatabase,
  withDatabaseServer,
} from './surroundings.ts';

const isQuick = process.argv.includes('--quick');
// Opening so many takes a quarter of an hour on the embedded engine.
const streamCounts = process.argv.includes('--many') ? [1_000, 9_500] : [1_000];
/** Opening thousands of streams takes minutes. */
const roundsOf = (streams: number): number => (isQuick ? 2 : streams > 1_000 ? 1 : 5);
const eventsPerRound = 20;
const idleSamples = isQuick ? 100 : 500;
const loadedMs = isQuick ? 2_000 : 8_000;
const listeners = 100;
const goals = { ratio: 1.3, blockMs: 20, kilobytes: 40 };

type Side = 'product' | 'raw';

/** Commit to stream, in milliseconds, ascending: from the answer to a create to its frame at one subscriber. */
interface Latency {
  what: string;
  ms: number[];
}

/** One event to many, one entry per event. */
interface FanOut {
  side: Side;
  streams: number;
  /** From the first subscriber that has it to the last, in milliseconds; the median of each round. */
  spans: number[];
  /** From the answer to the write until the last subscriber has it, in milliseconds. */
  untilLast: number[];
  /** The longest delay of the server's event loop during a round, in milliseconds. */
  blocks: number[];
  /** Memory of the server for each stream, in kilobytes (10^3 bytes). */
  memory: number[];
}

interface Team {
  projectId: string;
  taskId: string;
  tokens: string[];
}

const frameMark = 'event: change';
const productRecipe = {
  ...recipes.product,
  env: (uri: string, port: number) => ({
    ...recipes.product.env(uri, port),
    STREAMS_PER_USER: '100000',
    SHED_IN_FLIGHT: '0',
  }),
};

/** Registers a project with many people. */
const makeTeam = async (client: Client): Promise<Team> => {
  const people = (await client.askAll(
    Array.from({ length: listeners }, (_, n) => ({
      method: 'POST',
      path: '/api/auth/register',
      body: { name: `Listener ${n}`, email: `listener-${n}@example.com`, password: 'Vineyard-lattice-41' },
    })),
    201,
  )) as { token: string; user: { id: string } }[]; // API contract
  const tokens = people.map((person) => person.token);
  const [token = ''] = tokens;
  const [project] = (await client.askAll(
    [{ method: 'POST', path: '/api/projects', token, body: { name: 'Streams' } }],
    201,
  )) as { id: string }[]; // API contract
  const projectId = project?.id ?? '';
  for (const { user } of people.slice(1)) {
    const body = { userId: user.id, role: 'viewer' };
    await client.askAll([{ method: 'POST', path: `/api/projects/${projectId}/members`, token, body }], 201);
  }
  const taskId = await createTask(client, { projectId, taskId: '', tokens }, 'Told to all');
  await pause(1_000); // until all of it has been numbered
  return { projectId, taskId, tokens };
};

const createTask = async (client: Client, { projectId, tokens }: Team, title: string): Promise<string> => {
  const call = { method: 'POST', path: '/api/tasks', token: tokens[0] ?? '', body: { projectId, title } };
  const [task] = (await client.askAll([call], 201)) as { id: string }[]; // API contract
  return task?.id ?? '';
};

const subjectIn = /"subject":\{"type":"task","id":"([0-9a-f]{24})"/g;

/** Creates tasks for as long as `go` says and gives how long after its answer each came by the stream. */
const latencies = async (
  port: number,
  team: Team,
  clients: number,
  step: (client: Client, create: (client: Client) => Promise<void>) => Promise<void>,
): Promise<number[]> => {
  const listener = await subscribe(port, '/api/events', team.tokens[1] ?? '');
  const answered = new Map<string, number>();
  const heard = new Map<string, number>();
  let rest = '';
  listener.onData = (piece, at) => {
    const text = rest + piece.toString('latin1');
    const end = text.lastIndexOf('\n\n');
    for (const [, id = ''] of text.slice(0, end + 1).matchAll(subjectIn)) heard.set(id, at);
    rest = text.slice(end + 1);
  };
  const workers = await Promise.all(Array.from({ length: clients }, () => connectClient('product', port, 1)));
  const create = async (client: Client) => {
    const id = await createTask(client, team, 'Timed');
    answered.set(id, performance.now());
  };
  await Promise.all(workers.map((client) => step(client, create)));
  await pause(2_000);
  for (const client of workers) client.close();
  listener.close();
  if (heard.size !== answered.size) throw new Error(`${answered.size} creates, ${heard.size} frames`);
  return [...answered].map(([id, at]) => Math.max(0, (heard.get(id) ?? 0) - at)).sort((a, b) => a - b);
};

const measureLatency = async (port: number, team: Team): Promise<Latency[]> => {
  report('from commit to stream …');
  const idle = await latencies(port, team, 1, async (client, create) => {
    for (let sample = 0; sample < idleSamples; sample += 1) {
      await create(client);
      await pause(20 + Math.random() * 40);
    }
  });
  const loaded = await latencies(port, team, 16, async (client, create) => {
    for (const until = performance.now() + loadedMs; performance.now() < until;) await create(client);
  });
  return [
    { what: 'one write every 20–60 ms', ms: idle },
    { what: '16 clients that create tasks one after the other', ms: loaded },
  ];
};

interface Stage {
  started: Started;
  loopProbe: string;
  path: string;
  tokenOf: (index: number) => string | null;
  /** Makes one event; resolves at its answer. */
  trigger: () => Promise<unknown>;
}

/** The longest delay of the server's loop since the last time it was asked. */
const loopDelay = async ({ started, loopProbe }: Stage): Promise<number> => {
  await rm(loopProbe, { force: true });
  process.kill(started.pid, 'SIGUSR2');
  while (!existsSync(loopProbe)) await pause(5);
  await pause(20);
  return Number(await readFile(loopProbe, 'utf8'));
};

/** Adds one round of events to the figures. */
const tellAll = async (stage: Stage, figures: FanOut): Promise<void> => {
  const before = await residentMegabytes(stage.started.pid);
  const all = await subscribeAll(figures.streams, stage.started.port, stage.path, stage.tokenOf);
  await pause(1_000);
  // Memory that was used once is kept: only the first opening shows what streams take.
  if (figures.memory.length === 0)
    figures.memory.push((((await residentMegabytes(stage.started.pid)) - before) * 1_000) / figures.streams);
  const spans: number[] = [];
  await loopDelay(stage);
  for (let event = 0; event < eventsPerRound; event += 1) {
    let [first, last, left] = [Infinity, 0, all.length];
    const told = new Promise<void>((resolve) => {
      for (const subscriber of all)
        subscriber.onData = (piece, at) => {
          if (!piece.includes(frameMark)) return;
          first = Math.min(first, at);
          last = Math.max(last, at);
          left -= 1;
          if (left === 0) resolve();
        };
    });
    await stage.trigger();
    const answeredAt = performance.now();
    const isTold = await Promise.race([told.then(() => true), pause(30_000, false)]);
    if (!isTold) throw new Error(`${left} of ${all.length} streams did not hear of an event`);
    spans.push(last - first);
    figures.untilLast.push(last - answeredAt);
    await pause(100);
  }
  figures.spans.push(median(spans));
  figures.blocks.push(await loopDelay(stage));
  for (const subscriber of all) subscriber.close();
  await pause(1_000);
};

const measure = async (places: Places, uri: string) => {
  const loopProbe = join(places.scratch, 'loop-delay');
  const probe = { NODE_OPTIONS: `--import=${scriptOf(places, 'loop-probe')}`, LOOP_PROBE: loopProbe };
  const product = await startRecipe(
    'product',
    { ...productRecipe, env: (...args) => ({ ...productRecipe.env(...args), ...probe }) },
    uri,
    places,
    process.env,
  );
  const client = await connectClient('product', product.port, 8);
  const team = await makeTeam(client);
  const latency = await measureLatency(product.port, team);

  let edits = 0;
  const sizing = await subscribe(product.port, '/api/events', team.tokens[1] ?? '');
  const edit = async () => {
    edits += 1;
    const token = team.tokens[0] ?? '';
    const body = { title: `Told to all, time ${edits}` };
    await client.askAll([{ method: 'PATCH', path: `/api/tasks/${team.taskId}`, token, body }], 200);
  };
  const frame = new Promise<number>((resolve) => {
    sizing.onData = (piece) => {
      if (piece.includes(frameMark)) resolve(piece.length);
    };
  });
  await edit();
  const frameBytes = await frame;
  sizing.close();

  const raw = await startRecipe(
    'raw',
    {
      script: () => scriptOf(places, 'raw-streams'),
      env: (_uri, port) => ({ PORT: String(port), FRAME_BYTES: String(frameBytes), ...probe }),
      readyPath: '/',
      isReady: (status) => status === 200,
    },
    uri,
    places,
    process.env,
  );
  const rawClient = await connectClient('limit', raw.port, 1);
  const stages: Record<Side, Stage> = {
    product: {
      started: product,
      loopProbe,
      path: '/api/events',
      tokenOf: (index) => team.tokens[index % team.tokens.length] ?? null,
      trigger: edit,
    },
    raw: {
      started: raw,
      loopProbe,
      path: '/events',
      tokenOf: () => null,
      trigger: () => rawClient.askAll([{ method: 'POST', path: '/tell' }], 201),
    },
  };
  const fanOuts = streamCounts.flatMap((streams) =>
    (['product', 'raw'] as const).map((side): FanOut => ({
      side,
      streams,
      spans: [],
      untilLast: [],
      blocks: [],
      memory: [],
    })),
  );
  try {
    for (const streams of streamCounts) {
      for (let round = 1; round <= roundsOf(streams); round += 1) {
        report(`one event to ${streams} streams, round ${round} of ${roundsOf(streams)} …`);
        for (const figures of shuffled(fanOuts.filter((one) => one.streams === streams)))
          await tellAll(stages[figures.side], figures);
      }
    }
  } finally {
    client.close();
    rawClient.close();
    await Promise.all([product.stop(), raw.stop()]);
  }
  return { latency, fanOuts, frameBytes };
};

const milliseconds = (value: number) => value.toFixed(1);

const render = ({ latency, fanOuts, frameBytes }: Awaited<ReturnType<typeof measure>>, database: string) => {
  const goalRows = streamCounts.flatMap((streams) => {
    const of = (side: Side) => fanOuts.find((one) => one.side === side && one.streams === streams);
    const [ours, theirs] = [of('product'), of('raw')];
    if (ours === undefined || theirs === undefined) return [];
    const ratio = ratioOf(ours.spans, theirs.spans);
    const block = Math.max(...ours.blocks);
    const memory = Math.max(...ours.memory);
    const name = `W10 one event to ${streams.toLocaleString('en-US')} streams`;
    const text = ratioText(ratio);
    return [
      [
        `${name}: first to last subscriber`,
        `≤ ${goals.ratio} × RAW`,
        text,
        verdict(ratio.value <= goals.ratio),
      ],
      [
        `${name}: longest delay of the event loop`,
        `≤ ${goals.blockMs} ms`,
        `${milliseconds(block)} ms`,
        verdict(block <= goals.blockMs),
      ],
      [
        `${name}: memory of a stream`,
        `≤ ${goals.kilobytes} KB`,
        `${milliseconds(memory)} KB`,
        verdict(memory <= goals.kilobytes),
      ],
    ];
  });
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)} at commit ${commit()} by \`npm run bench:streams\`: ${eventsPerRound} events of ${frameBytes} bytes a round, ${streamCounts.map((streams) => `${roundsOf(streams)} rounds with ${streams.toLocaleString('en-US')} streams`).join(', ')}, streams of ${listeners} users.`,
    `Machine: ${machine()}. Node ${process.versions.node}, MongoDB driver ${versionOf('node_modules/mongodb')}, database ${database}.`,
    table(4, ['what', 'goal', 'figure', ''], goalRows),
    table(
      1,
      ['from the answer to its frame', 'samples', 'p50, ms', 'p99, ms', 'most, ms'],
      latency.map(({ what, ms }) => [
        what,
        ms.length.toLocaleString('en-US'),
        milliseconds(quantile(ms, 0.5)),
        milliseconds(quantile(ms, 0.99)),
        milliseconds(ms.at(-1) ?? 0),
      ]),
    ),
    table(
      2,
      ['streams', 'server', 'first to last, ms', 'answer to last, ms', 'loop delay, ms', 'KB each'],
      fanOuts.map((one) => [
        one.streams.toLocaleString('en-US'),
        one.side === 'product' ? 'Pro-Tasker' : 'RAW',
        spread(one.spans),
        spread(one.untilLast),
        spread(one.blocks),
        spread(one.memory),
      ]),
    ),
  ].join('\n\n');
};

const product = join(repository, 'dist', 'src', 'main.js');

await withDatabaseServer({ product, mongoUri: null }, async (places, database) => {
  for (const name of ['raw-streams', 'loop-probe']) await buildScript(places, name);
  const figures = await measure(places, withDatabase(database.uri, 'bench_streams'));
  await publish('streams', render(figures, database.name), { figures, write: !isQuick });
});
