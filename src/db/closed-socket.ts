import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import mongoose from 'mongoose';

/** What is used of the driver's own class of connections, which it does not export. */
interface DriverConnection {
  socket: Socket;
  /** Called in the same turn of the event loop in which a command is written. */
  throwIfAborted(): void;
}

const patched = new WeakSet<object>();
const modulePath = 'mongodb/lib/cmap/connection.js';

/**
 * Makes the driver refuse to write to a socket that is closed already. Between the end of a socket and the event that tells
 * of it, the driver (7.9 and before) still writes to it, then waits for a `drain` that never comes: the operation never
 * ends, whatever its time limits, and its place in the pool is lost. A refused command is retried like any other whose
 * connection broke. Throws when the driver no longer has what this is about.
 */
export function refuseClosedSockets(): void {
  // Through Mongoose: it may have a driver of its own.
  const load = createRequire(import.meta.resolve('mongoose'));
  const { Connection } = load(modulePath) as { Connection: { prototype: DriverConnection } };
  const { prototype } = Connection;
  if (patched.has(prototype)) return;
  const original = prototype.throwIfAborted;
  if (typeof original !== 'function')
    throw new Error(`${modulePath} has changed: look whether it still hangs`);
  prototype.throwIfAborted = function (this: DriverConnection): void {
    original.call(this);
    if (this.socket.destroyed) throw new mongoose.mongo.MongoNetworkError('the connection is closed');
  };
  patched.add(prototype);
}
