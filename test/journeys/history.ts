import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { expect, inject } from 'vitest';
import type { Answer } from '../app.ts';
import { launchFleet, moveIn, type Fleet } from '../faults/fleet.ts';
import { reportProof } from '../faults/report.ts';
import { tcpProxy, type TcpProxy } from '../tcp-proxy.ts';

/** How much is done. */
export interface Volume {
  operations: number;
  clients: number;
  tasks: number;
  /** The time between two faults. */
  faultEveryMs: number;
}

/** What one client saw of one task, in the order in which it saw it. */
type Sightings = Map<string, number[]>;

interface Counts {
  increments: Map<string, number>;
  moves: Map<string, number>;
  created: number[];
  refused: number;
  done: number;
}

/**
 * Clients edit, move, count up and make tasks through two processes, while processes are killed and the database dies,
 * slows down or loses answers. Afterwards no update is lost, none was made twice, and nobody saw time go backwards.
 */
export async function checkHistory(volume: Volume): Promise<void> {
  const { hostname, port } = new URL(inject('databaseUri'));
  const proxy = await tcpProxy({ host: hostname, port: Number(port) });
  const env = { DB_SERVER_SELECTION_TIMEOUT_MS: '1000' };
  const fleet = await launchFleet(2, { env, through: proxy.port });
  try {
    const { token, projectId } = await moveIn(fleet);
    const ids: string[] = [];
    for (let at = 0; at < volume.tasks; at += 1) {
      const body = { projectId, title: `Task ${String(at)}`, description: '0' };
      ids.push((await must(fleet.insist('POST', '/api/tasks', { token, body }), 201))['id'] as string);
    }
    const counts: Counts = {
      increments: new Map(),
      moves: new Map(),
      created: [],
      refused: 0,
      done: 0,
    };
    const sightings: Sightings[] = [];
    const client = async (number: number): Promise<void> => {
      const seen: Sightings = new Map();
      sightings.push(seen);
      while (counts.done < volume.operations) {
        counts.done += 1;
        const kind = (counts.done + number) % 10;
        const id = ids[Math.floor(Math.random() * ids.length)] ?? '';
        if (kind < 6) await countUp(fleet, token, id, counts, seen);
        else if (kind < 9) await move(fleet, token, id, ids, counts, seen);
        else await make(fleet, token, projectId, counts);
      }
    };
    const working = Array.from({ length: volume.clients }, (_, number) => client(number));
    const finished = Promise.all(working).then(() => true);
    finished.catch(() => undefined);
    const faults = await breakThings(fleet, proxy, finished, volume.faultEveryMs);
    await finished;
    await judge(fleet, { token, projectId, ids }, counts, sightings);
    reportProof({
      id: 'R15',
      what: 'Versioned edits, moves and counters through two processes while processes are killed and the database dies, slows down or loses answers',
      counts: {
        operations: counts.done,
        ...faults,
        'stale versions refused': counts.refused,
        'lost updates': 0,
        duplicates: 0,
        'reads back in time': 0,
      },
    });
  } finally {
    await proxy.revive();
    await fleet.close();
    await proxy.close();
  }
}

type Body = Record<string, unknown>;

async function must(asking: Promise<{ answer: Answer }>, status: number): Promise<Body> {
  const { answer } = await asking;
  if (answer.status !== status) throw new Error(`answered ${String(answer.status)} ${answer.text}`);
  return answer.body as Body;
}

const add = (to: Map<string, number>, id: string): void => void to.set(id, (to.get(id) ?? 0) + 1);

function see(seen: Sightings, { id, version }: Body): void {
  seen.set(String(id), [...(seen.get(String(id)) ?? []), Number(version)]);
}

/** Reads a number and writes the next one on the condition that nobody has written meanwhile, until that succeeds. */
async function countUp(
  fleet: Fleet,
  token: string,
  id: string,
  counts: Counts,
  seen: Sightings,
): Promise<void> {
  for (;;) {
    const before = await must(fleet.insist('GET', `/api/tasks/${id}`, { token }), 200);
    see(seen, before);
    const { answer } = await fleet.insist('PATCH', `/api/tasks/${id}`, {
      token,
      body: { description: String(Number(before['description']) + 1) },
      headers: { 'if-match': `"${String(before['version'])}"` },
    });
    if (answer.status === 412) {
      counts.refused += 1;
      continue;
    }
    if (answer.status !== 200) throw new Error(answer.text);
    see(seen, answer.body as Body);
    add(counts.increments, id);
    return;
  }
}

/** Places a task before another one; a move that changes nothing makes no version. */
async function move(
  fleet: Fleet,
  token: string,
  id: string,
  ids: string[],
  counts: Counts,
  seen: Sightings,
): Promise<void> {
  const others = ids.filter((one) => one !== id);
  const before = others[Math.floor(Math.random() * others.length)];
  const moved = await must(fleet.insist('POST', `/api/tasks/${id}/move`, { token, body: { before } }), 200);
  see(seen, moved);
  add(counts.moves, id);
}

async function make(fleet: Fleet, token: string, projectId: string, counts: Counts): Promise<void> {
  const body = { projectId, title: 'One more', status: 'backlog' };
  const made = await must(fleet.insist('POST', '/api/tasks', { token, body }), 201);
  counts.created.push(Number(made['number']));
}

/** Breaks one thing after the other until the clients have finished. */
async function breakThings(fleet: Fleet, proxy: TcpProxy, finished: Promise<boolean>, everyMs: number) {
  const faults = { kills: 0, 'times the database died': 0, 'slow spells': 0, 'answers lost': 0 };
  let isOver = false;
  void finished.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  const acts = [
    async () => {
      const at = faults.kills % 2;
      fleet.ships[at]?.server.kill('SIGKILL');
      faults.kills += 1;
      await fleet.restart(at);
    },
    async () => {
      await proxy.die();
      await sleep(500);
      faults['times the database died'] += 1;
      await proxy.revive();
    },
    async () => {
      proxy.cutAnswersTo('commitTransaction', 3);
      await sleep(300);
      faults['answers lost'] += proxy.cuts();
      await proxy.revive();
    },
    async () => {
      proxy.delay(200);
      await sleep(500);
      faults['slow spells'] += 1;
      await proxy.revive();
    },
    async () => {
      proxy.cutAnswersTo('bulkWrite', 3);
      await sleep(300);
      faults['answers lost'] += proxy.cuts();
      await proxy.revive();
    },
  ];
  for (let turn = 0; !isOver; turn += 1) {
    await acts[turn % acts.length]?.();
    await Promise.race([sleep(everyMs), finished]);
  }
  return faults;
}

interface Place {
  token: string;
  projectId: string;
  ids: string[];
}

interface StoredEvent {
  name: string;
  subject: { id: string; version: number | null };
  changes: { field: string; from: unknown; to: unknown }[];
}

/** Holds what is stored against what the clients were told. */
async function judge(fleet: Fleet, place: Place, counts: Counts, sightings: Sightings[]): Promise<void> {
  const tasks = fleet.database.collection('tasks');
  const events = await fleet.database
    .collection<StoredEvent>('events')
    .find({ projectId: new mongoose.Types.ObjectId(place.projectId), 'subject.type': 'task' })
    .toArray();
  for (const id of place.ids) {
    const task = await tasks.findOne({ _id: new mongoose.Types.ObjectId(id) });
    expect(task?.['description'], 'every increment counts once').toBe(String(counts.increments.get(id) ?? 0));
    const chain = events
      .filter(({ subject }) => subject.id === id)
      .sort((a, b) => (a.subject.version ?? 0) - (b.subject.version ?? 0));
    // One event for every version, without a gap or a repetition.
    expect(chain.map(({ subject }) => subject.version)).toEqual(chain.map((_, at) => at + 1));
    expect(chain.length).toBe(task?.['version']);
    const moves = chain.filter(({ name }) => name === 'task.moved').length;
    expect(moves, 'no move was made twice').toBeLessThanOrEqual(counts.moves.get(id) ?? 0);
    // Every change begins where the one before it ended.
    const state = new Map<string, unknown>();
    for (const { field, from, to } of chain.flatMap(({ changes }) => changes)) {
      if (state.has(field)) expect(from).toEqual(state.get(field));
      state.set(field, to);
    }
    for (const field of ['description', 'rank'])
      if (state.has(field)) expect(task?.[field]).toBe(state.get(field));
  }
  const made = await tasks
    .find({ projectId: new mongoose.Types.ObjectId(place.projectId), title: 'One more' })
    .toArray();
  expect(made.map(({ number }) => Number(number)).sort((a, b) => a - b)).toEqual(
    counts.created.sort((a, b) => a - b),
  );
  expect(new Set(counts.created).size).toBe(counts.created.length);
  for (const seen of sightings)
    for (const versions of seen.values()) expect(versions).toEqual([...versions].sort((a, b) => a - b));
}
