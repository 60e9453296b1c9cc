import http from 'node:http';
import type { TestApp } from './app.ts';

/** One frame with data, as an EventSource would dispatch it. */
export interface Frame {
  id: string;
  event: string;
  // Tests look into entries freely; the product has held them against their schema.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- see the line above: tests read arbitrary entries
  data: any;
}

/** A stream of a test. */
export interface OpenStream {
  status: number;
  headers: http.IncomingHttpHeaders;
  frames: Frame[];
  /** The last id that came, also by a heartbeat. */
  lastId(): string | undefined;
  /** Everything that came, as it came. */
  text(): string;
  isClosed(): boolean;
  /** Waits until the condition holds. Throws after `ms`. */
  until(condition: () => boolean, ms?: number): Promise<void>;
  /** Stops taking what comes. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** How to open a stream. */
export interface Opening {
  token?: string | undefined;
  query?: Record<string, string>;
  lastEventId?: string | undefined;
}

/** Opens a stream; resolves with its headers. A refusal is read into `text`. */
export function openStream(api: Pick<TestApp, 'url'>, opening: Opening): Promise<OpenStream> {
  const { token, query = {}, lastEventId } = opening;
  const search = new URLSearchParams(query).toString();
  const headers: Record<string, string> = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = http.get(`${api.url}/api/events?${search}`, { headers, agent: false }, (incoming) => {
      let text = '';
      let rest = '';
      let id: string | undefined;
      let closed = false;
      const frames: Frame[] = [];
      incoming.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const blocks = (rest + part).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const fields = new Map(
            block.split('\n').flatMap((line): [string, string][] => {
              const at = line.indexOf(': ');
              return at > 0 ? [[line.slice(0, at), line.slice(at + 2)]] : [];
            }),
          );
          id = fields.get('id') ?? id;
          const data = fields.get('data');
          if (data !== undefined)
            frames.push({ id: id ?? '', event: fields.get('event') ?? 'message', data: JSON.parse(data) });
        }
      });
      const end = (): void => {
        closed = true;
      };
      incoming.on('close', end).on('error', end);
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        frames,
        lastId: () => id,
        text: () => text,
        isClosed: () => closed,
        until: async (condition, ms = 5_000) => {
          for (const deadline = Date.now() + ms; !condition();) {
            if (Date.now() > deadline)
              throw new Error(`waited in vain; the stream said ${text.slice(-2_000)}`);
            await new Promise((done) => setTimeout(done, 5));
          }
        },
        pause: () => {
          incoming.pause();
        },
        resume: () => {
          incoming.resume();
        },
        close: () => {
          outgoing.destroy();
        },
      });
    });
    outgoing.on('error', reject);
  });
}
