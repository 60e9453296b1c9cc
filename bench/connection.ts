import { connect, type Socket } from 'node:net';

/** An answer as it came: status, the raw head and the body bytes. */
export interface Answer {
  status: number;
  head: string;
  body: Buffer;
}

/** One keep-alive HTTP/1.1 connection that carries one request at a time. */
export interface Connection {
  send: (request: string) => Promise<Answer>;
  close: () => void;
}

const END_OF_HEAD = '\r\n\r\n';

/** The value of a header in a raw head, or null; the name is matched without regard to case. */
export const header = (head: string, name: string): string | null =>
  new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1] ?? null;

/**
 * Opens a connection to the loopback port. Written on `node:net` because client, server and database
 * share the machine: each microsecond the client takes makes slow and fast servers look more alike.
 */
export const openConnection = (port: number): Promise<Connection> =>
  new Promise((opened, failed) => {
    let waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
    let received: Buffer = Buffer.alloc(0);
    let head: string | null = null;
    let bodyStart = 0;
    let bodyLength = 0;

    const fail = (error: Error) => {
      waiting?.reject(error);
      waiting = null;
    };

    const readHead = () => {
      const end = received.indexOf(END_OF_HEAD);
      if (end === -1) return;
      head = received.toString('latin1', 0, end);
      bodyStart = end + END_OF_HEAD.length;
      const length = header(head, 'content-length');
      if (length === null && !head.startsWith('HTTP/1.1 204')) {
        fail(new Error(`an answer without content-length: ${head}`));
      }
      bodyLength = Number(length ?? 0);
    };

    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      if (head === null) readHead();
      if (head === null || received.length < bodyStart + bodyLength) return;
      const answer = {
        status: Number(head.slice(9, 12)),
        head,
        body: received.subarray(bodyStart, bodyStart + bodyLength),
      };
      received = Buffer.alloc(0);
      head = null;
      const { resolve } = waiting ?? {};
      waiting = null;
      resolve?.(answer);
    });
    socket.on('error', (error) => {
      failed(error);
      fail(error);
    });
    socket.on('close', () => fail(new Error('the server closed the connection')));
    socket.on('connect', () =>
      opened({
        send: (request) =>
          new Promise((resolve, reject) => {
            if (socket.destroyed) {
              reject(new Error('the server has closed the connection'));
              return;
            }
            waiting = { resolve, reject };
            socket.write(request, 'utf8');
          }),
        close: () => socket.destroy(),
      }),
    );
  });
