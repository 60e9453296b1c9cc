import { setTimeout as sleep } from 'node:timers/promises';

/** What the demo cannot go on after; the message says it in one sentence. */
export class DemoError extends Error {}

/** Who is asking and how; `expect` is the status that the story needs. */
export interface Ask {
  token?: string;
  body?: unknown;
  /** The version that the change is based on. */
  ifMatch?: number;
  expect: number;
}

/** What came back. */
export interface Answer<T> {
  body: T;
  headers: Headers;
}

/** Sends one request and insists on the expected status. */
export type Api = <T>(method: string, path: string, ask: Ask) => Promise<Answer<T>>;

const mostWaits = 5;

/** Makes the client for one server; it waits when the server says `429` and sends the request again. */
export function connect(baseUrl: string): Api {
  return async <T>(method: string, path: string, ask: Ask): Promise<Answer<T>> => {
    for (let waits = 0; ; waits += 1) {
      const response = await send(baseUrl, method, path, ask);
      const text = await response.text();
      if (response.status === 429 && waits < mostWaits) {
        const seconds = Number(response.headers.get('retry-after') ?? 1);
        console.log(`  (rate limited: waiting ${String(seconds)} s, as Retry-After asks)`);
        await sleep(seconds * 1000);
        continue;
      }
      if (response.status !== ask.expect) {
        throw new DemoError(
          `${method} ${path}: expected ${String(ask.expect)}, got ${String(response.status)} ${text}`,
        );
      }
      // The server checks its own answers against the schema of the endpoint, so the caller may name the type.
      const body = (text === '' ? null : JSON.parse(text)) as T;
      return { body, headers: response.headers };
    }
  };
}

async function send(baseUrl: string, method: string, path: string, ask: Ask): Promise<Response> {
  try {
    return await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        ...(ask.token !== undefined && { Authorization: `Bearer ${ask.token}` }),
        ...(ask.ifMatch !== undefined && { 'If-Match': `"${String(ask.ifMatch)}"` }),
        ...(ask.body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
    });
  } catch (error) {
    throw new DemoError(`No server answers at ${baseUrl}: start it with "npm start" or name it with --url.`, {
      cause: error,
    });
  }
}

interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

/** Every item of a list, page after page: only `nextCursor: null` ends it. */
export async function walkList<T>(api: Api, token: string, path: string): Promise<T[]> {
  const items: T[] = [];
  const separator = path.includes('?') ? '&' : '?';
  for (let cursor: string | null = ''; cursor !== null;) {
    const place: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body }: Answer<Page<T>> = await api('GET', `${path}${separator}limit=100${place}`, {
      token,
      expect: 200,
    });
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

/** Runs `act` on every item, at most `width` at a time; gives the results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
