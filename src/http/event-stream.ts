import type { Response } from 'express';
import type { Outlet } from '../ports/outlet.ts';
import type { RequestFacts } from './request-facts.ts';

/** Answers with Server-Sent Events and gives the outlet to `open`; a HEAD request gets the headers only. */
export function sendEventStream(res: Response, facts: RequestFacts, open: (outlet: Outlet) => void): void {
  res.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  // Proxies would otherwise collect frames before they pass them on.
  res.setHeader('X-Accel-Buffering', 'no');
  if (res.req.method === 'HEAD') {
    res.writeHead(200).end();
    return;
  }
  // It ends with the connection: without chunks each frame is one write, and one event goes to many streams.
  res.removeHeader('Transfer-Encoding');
  res.writeHead(200);
  res.flushHeaders();
  // It stays open for hours: it is no request in flight.
  facts.leave?.();
  open(outletOf(res));
}

const outletOf = (res: Response): Outlet => ({
  write: (text) => {
    if (!res.writableEnded && !res.destroyed) res.write(text);
  },
  buffered: () => res.writableLength,
  drained: () =>
    new Promise((resolve) => {
      if (res.destroyed || !res.writableNeedDrain) {
        resolve();
        return;
      }
      const done = (): void => {
        res.off('drain', done);
        res.off('close', done);
        resolve();
      };
      res.on('drain', done);
      res.on('close', done);
    }),
  end: () => {
    if (!res.writableEnded) res.end();
  },
  destroy: () => {
    res.destroy();
  },
  onClose: (act) => {
    if (res.destroyed) act();
    else res.once('close', act);
  },
});
