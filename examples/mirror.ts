/**
 * Keeps a copy of one project up to date, without a framework:
 *
 *   API=http://localhost:4000/api TOKEN=… PROJECT=… npx tsx examples/mirror.ts
 *
 * The order of steps is what matters. Take a cursor first, then load: what happens while loading comes again after the
 * cursor. An entry is only a hint that something is new; the thing itself is read again, so that it does not matter how
 * often or how late an entry comes.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** As much of a task or a project as a mirror needs to know; the rest is kept as it comes. */
interface Thing {
  id: string;
  version: number;
}

/** As much of an entry as a mirror needs to know. */
interface Entry {
  name: string;
  subject: { type: string; id: string; version: number | null };
  deleted: boolean;
}

/** Where the API is, who asks, and what is mirrored. */
export interface MirrorOptions {
  /** Such as `http://localhost:4000/api`. */
  api: string;
  token: string;
  projectId: string;
  /** Called after every change of the copy. */
  onChange?: (mirror: Mirror) => void;
}

/** The copy. */
export interface Mirror {
  /** Null when it is in the trash or out of sight. */
  project: Thing | null;
  readonly tasks: Map<string, Thing>;
  /** Follows until the signal aborts or the session ends. */
  follow(signal: AbortSignal): Promise<void>;
}

class Refused extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(`${String(status)} ${text}`);
    this.status = status;
  }
}

/** Loads the project; `follow` keeps the copy up to date from then on. */
export async function openMirror({ api, token, projectId, onChange }: MirrorOptions): Promise<Mirror> {
  const headers = { authorization: `Bearer ${token}` };
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const answer = await fetch(`${api}${path}`, { ...init, headers: { ...headers, ...init.headers } });
    if (!answer.ok) throw new Refused(answer.status, await answer.text());
    return answer;
  };
  // The API's answers have the shapes its documentation promises.
  const read = async <T>(path: string): Promise<T> => (await (await ask(path)).json()) as T;
  const orGone = (error: unknown): null => {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  };

  let cursor = '';
  const tasks = new Map<string, Thing>();
  const mirror: Mirror = { project: null, tasks, follow };

  async function load(): Promise<void> {
    // First the cursor: nothing that happens from here on is missed.
    cursor = (await read<{ nextCursor: string }>(`/changes?since=now&projectId=${projectId}`)).nextCursor;
    mirror.project = await read<Thing>(`/projects/${projectId}`);
    tasks.clear();
    for (let next: string | null = ''; next !== null;) {
      const after: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
      const page: { items: Thing[]; nextCursor: string | null } = await read(
        `/tasks?projectId=${projectId}&sort=number&limit=200${after}`,
      );
      for (const task of page.items) tasks.set(task.id, task);
      next = page.nextCursor;
    }
    onChange?.(mirror);
  }

  /** Brings the copy to what the entry is about. */
  async function apply({ name, subject, deleted }: Entry): Promise<void> {
    if (name === 'access.revoked') {
      mirror.project = null;
      tasks.clear();
    } else if (name === 'access.granted') {
      await load();
    } else if (subject.type === 'task') {
      const known = tasks.get(subject.id);
      if (deleted) tasks.delete(subject.id);
      else if (known === undefined || subject.version === null || known.version < subject.version) {
        const task = await read<Thing>(`/tasks/${subject.id}`).catch(orGone);
        if (task === null) tasks.delete(subject.id);
        else tasks.set(task.id, task);
      }
    } else if (subject.type === 'project' || subject.type === 'member') {
      mirror.project = await read<Thing>(`/projects/${projectId}`).catch(orGone);
    }
    onChange?.(mirror);
  }

  /** Asks for what happened since the cursor. */
  async function catchUp(): Promise<void> {
    for (let more = true; more;) {
      const since = `since=${encodeURIComponent(cursor)}&projectId=${projectId}&limit=200`;
      const page: { items: Entry[]; nextCursor: string; hasMore: boolean } = await read(`/changes?${since}`);
      for (const entry of page.items) await apply(entry);
      cursor = page.nextCursor;
      more = page.hasMore;
    }
  }

  /** Hears what happens as it happens, until the stream ends; gives how long to wait before coming back. */
  async function listen(signal: AbortSignal): Promise<number> {
    let retryMs = 1_000;
    const answer = await ask(`/events?projectId=${projectId}`, {
      headers: { 'last-event-id': cursor },
      signal,
    });
    for await (const frame of framesOf(answer)) {
      if (frame.get('retry') !== undefined) retryMs = Number(frame.get('retry'));
      const data = frame.get('data');
      if (data !== undefined && frame.get('event') === 'change') await apply(JSON.parse(data) as Entry);
      // Only now: what is not applied yet would be lost with the connection.
      cursor = frame.get('id') ?? cursor;
    }
    return retryMs;
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await catchUp();
        await sleep(await listen(signal), undefined, { signal });
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof Refused ? error.status : 0;
        // The session has ended, or the project is out of sight for good.
        if (status === 401 || status === 404) throw error;
        // What happened since the cursor is no longer kept: begin again.
        if (status === 410) await load();
        else await sleep(1_000, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  await load();
  return mirror;
}

/** The frames of a stream: their fields by name. */
async function* framesOf(answer: Response): AsyncGenerator<Map<string, string>> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of answer.body ?? []) {
    const blocks = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const at = line.indexOf(': ');
        // A line that begins with a colon is a comment.
        if (at > 0) fields.set(line.slice(0, at), line.slice(at + 2));
      }
      yield fields;
    }
  }
}

async function main(): Promise<void> {
  const { API: api = 'http://localhost:4000/api', TOKEN: token, PROJECT: projectId } = process.env;
  if (token === undefined || projectId === undefined) throw new Error('Set TOKEN and PROJECT.');
  const stopping = new AbortController();
  process.once('SIGINT', () => {
    stopping.abort();
  });
  const show = ({ project, tasks }: Mirror): void => {
    const state = project === null ? 'out of sight' : `version ${String(project.version)}`;
    console.log(`${new Date().toISOString()} project ${state}, ${String(tasks.size)} tasks`);
  };
  const mirror = await openMirror({ api, token, projectId, onChange: show });
  await mirror.follow(stopping.signal);
}

if (process.argv[1] === import.meta.filename) await main();
