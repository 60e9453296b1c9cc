import type { Server } from 'node:http';

/** The server cannot listen; the message says what to do. */
export class ListenError extends Error {}

/** Listens on the port; throws `ListenError` with one sentence when it cannot. */
export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const advice: Record<string, string> = {
        EADDRINUSE: `Port ${String(port)} is in use: stop the other program or set PORT to a free one.`,
        EACCES: `Port ${String(port)} needs special rights: set PORT to one above 1023.`,
        EADDRNOTAVAIL: `This machine has no address ${host}: correct HOST.`,
      };
      reject(
        new ListenError(
          advice[error.code ?? ''] ?? `The server cannot listen on ${host}:${String(port)}: ${error.message}`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}
