/**
 * RAW: the least a Node process can do to tell many subscribers the same thing. GET keeps the socket open, POST writes one
 * prepared frame of FRAME_BYTES to every socket in one loop. No users, no rights, no ids, nothing stored. Reads PORT and
 * FRAME_BYTES from its environment.
 */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';

const subscribers = new Set<Duplex>();
const filling = Math.max(0, Number(process.env['FRAME_BYTES'] ?? 500) - 'event: change\ndata: \n\n'.length);
const frame = Buffer.from(`event: change\ndata: ${'x'.repeat(filling)}\n\n`);

const server = createServer((req, res) => {
  if (req.method === 'POST') {
    res.writeHead(201, { 'content-length': 0 }).end();
    for (const subscriber of subscribers) subscriber.write(frame);
    return;
  }
  if (req.url !== '/events') {
    res.writeHead(200, { 'content-length': 0 }).end();
    return;
  }
  const { socket } = req;
  socket.setNoDelay(true);
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n');
  subscribers.add(socket);
  socket.on('close', () => subscribers.delete(socket));
});
server.keepAliveTimeout = 0;
server.listen(Number(process.env['PORT']), '127.0.0.1');
