import type { Server } from 'node:http';
import net from 'node:net';

const idleMs = 500;

/**
 * Ends a server without failing a request: it listens no more, what still comes over open connections is answered
 * and told that its connection ends; connections that stay silent are closed. Resolves when none is left.
 */
export async function drain(server: Server): Promise<void> {
  server.prependListener('request', (_req, res) => {
    res.shouldKeepAlive = false;
  });
  const timer = setInterval(() => {
    server.closeIdleConnections();
  }, idleMs);
  // http's own close would cut idle connections at once, also those on which a request is under way.
  await new Promise((resolve) => net.Server.prototype.close.call(server, resolve));
  clearInterval(timer);
}
