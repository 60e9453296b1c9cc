import { connect, type Socket } from 'node:net';

/** One open stream of a contender. */
export interface Subscriber {
  /** Called with every piece that came and when it came, in the time of `performance.now()`. */
  onData: (piece: Buffer, at: number) => void;
  close: () => void;
}

/** Opens a stream; resolves when the server has accepted it. */
export const subscribe = (port: number, path: string, token: string | null): Promise<Subscriber> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const subscriber: Subscriber = {
      onData: () => undefined,
      close: () => socket.destroy(),
    };
    let isOpen = false;
    socket.on('data', (piece) => {
      const at = performance.now();
      if (isOpen) {
        subscriber.onData(piece, at);
        return;
      }
      const head = piece.toString('latin1');
      if (!head.startsWith('HTTP/1.1 200')) reject(new Error(`no stream: ${head.slice(0, 300)}`));
      isOpen = true;
      resolve(subscriber);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a stream')));
    const authorization = token === null ? '' : `Authorization: Bearer ${token}\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}\r\n`);
  });

/** Opens many, so many at a time; `tokenOf` names whose stream each is. */
export const subscribeAll = async (
  count: number,
  port: number,
  path: string,
  tokenOf: (index: number) => string | null,
): Promise<Subscriber[]> => {
  const width = 50;
  const all: Subscriber[] = [];
  while (all.length < count) {
    const some = Array.from({ length: Math.min(width, count - all.length) }, (_, n) =>
      subscribe(port, path, tokenOf(all.length + n)),
    );
    all.push(...(await Promise.all(some)));
  }
  return all;
};
