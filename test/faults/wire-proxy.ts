import net, { type Socket } from 'node:net';
import mongoose from 'mongoose';
import { loopbackListener } from '../loopback-listener.ts';

/** A database command that the proxy holds: not passed on yet, or applied but not answered. */
export interface HeldCommand {
  name: string;
  inTransaction: boolean;
  lsid: unknown;
  txnNumber: unknown;
}

/** A proxy between the product and its database that knows the commands and stops at a chosen one. */
export interface WireProxy {
  port: number;
  /**
   * Counts commands (those that `counts` chooses) from now on and holds the `nth`: 'before' the database gets it, or 'after' it was applied and
   * before its answer. Resolves when it holds it; what was held before stays held.
   */
  holdNth(
    nth: number,
    when: 'before' | 'after',
    counts?: (command: HeldCommand) => boolean,
  ): Promise<HeldCommand>;
  /** The counted commands since the last `holdNth`. */
  counted(): readonly HeldCommand[];
  /** Cuts the connections of all held commands and holds no more. */
  cutHeld(): void;
  /** Ends the transactions of all held commands as the database does some seconds after their client has died. */
  rollBackHeld(): Promise<void>;
  /** Refuses connections and drops those that are open. */
  die(): Promise<void>;
  /** Undoes `die` on the same port. */
  revive(): Promise<void>;
  close(): Promise<void>;
}

interface Watch {
  nth: number;
  when: 'before' | 'after';
  seen: HeldCommand[];
  counts(command: HeldCommand): boolean;
  held(command: HeldCommand): void;
}

const headerBytes = 16;
const opMessage = 2013;
const firstSection = headerBytes + 5;

/** What drivers and watchers send by themselves, outside any request. */
const background = new Set([
  'hello',
  'ismaster',
  'isMaster',
  'ping',
  'endSessions',
  'killSessions',
  'saslStart',
  'saslContinue',
  'killCursors',
  'getMore',
]);

/** Starts the proxy on a free port of the loopback address. */
export async function wireProxy(target: { host: string; port: number }): Promise<WireProxy> {
  const held = new Map<Socket, { server: Socket; command: HeldCommand }>();
  let watch: Watch | undefined;

  /** Whether this command is the one to stop at. */
  const isAwaited = (message: Buffer): boolean => {
    const command = commandIn(message);
    if (watch === undefined || command === undefined || !watch.counts(command)) return false;
    watch.seen.push(command);
    return watch.seen.length === watch.nth;
  };

  const serve = (client: Socket): void => {
    const server = net.connect(target);
    /** Set while the answer to the awaited command is on its way; from then on nothing reaches the client. */
    let awaited: Watch | undefined;
    for (const socket of [client, server]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        held.delete(client);
        client.destroy();
        server.destroy();
      });
    }
    const stopAt = (by: Watch): void => {
      const command = by.seen[by.nth - 1];
      if (command === undefined) return;
      held.set(client, { server, command });
      by.held(command);
    };
    client.on(
      'data',
      inMessages((message) => {
        if (held.has(client)) return;
        if (!isAwaited(message)) {
          server.write(message);
          return;
        }
        const by = watch;
        if (by === undefined) return;
        if (by.when === 'before') {
          stopAt(by);
          return;
        }
        awaited = by;
        server.write(message);
      }),
    );
    server.on('data', (bytes: Buffer) => {
      if (awaited === undefined) {
        client.write(bytes);
        return;
      }
      if (!held.has(client)) stopAt(awaited);
    });
  };

  const listener = await loopbackListener(serve);
  const { open } = listener;

  return {
    port: listener.port,
    holdNth: (nth, when, counts = () => true) =>
      new Promise((resolve) => {
        watch = { nth, when, seen: [], counts, held: resolve };
      }),
    counted: () => watch?.seen ?? [],
    cutHeld: () => {
      watch = undefined;
      for (const socket of [...held.keys()]) socket.destroy();
    },
    rollBackHeld: async () => {
      const open = [...held.values()].filter(({ command }) => command.inTransaction);
      await Promise.all(
        open.map(async ({ server, command: { lsid, txnNumber } }) => {
          const answered = new Promise((resolve) => server.once('data', resolve).once('close', resolve));
          server.write(messageOf({ abortTransaction: 1, lsid, txnNumber, autocommit: false, $db: 'admin' }));
          await answered;
        }),
      );
    },
    die: () => listener.die(),
    revive: () => listener.revive(),
    close: () => listener.die(),
  };
}

/** Puts a stream of bytes together to whole messages of the wire protocol. */
function inMessages(take: (message: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= headerBytes) {
      const length = rest.readInt32LE(0);
      if (rest.length < length) return;
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
}

/** The command of a message, unless it is one that belongs to no request. */
function commandIn(message: Buffer): HeldCommand | undefined {
  if (message.readInt32LE(12) !== opMessage || message[firstSection - 1] !== 0) return undefined;
  const length = message.readInt32LE(firstSection);
  const body = mongoose.mongo.BSON.deserialize(message.subarray(firstSection, firstSection + length), {
    // The numbers of transactions are written back as they came.
    promoteLongs: false,
  });
  const [name = ''] = Object.keys(body);
  if (background.has(name)) return undefined;
  // The watch over the log opens its stream at a time of its own.
  if (name === 'aggregate' && JSON.stringify(body['pipeline']).includes('$changeStream')) return undefined;
  const { lsid, txnNumber } = body as { lsid?: unknown; txnNumber?: unknown };
  return { name, inTransaction: body['autocommit'] === false, lsid, txnNumber };
}

/** A command as a message of the wire protocol. */
function messageOf(command: object): Buffer {
  const body = mongoose.mongo.BSON.serialize(command);
  const head = Buffer.alloc(firstSection);
  head.writeInt32LE(firstSection + body.length, 0);
  head.writeInt32LE(opMessage, 12);
  return Buffer.concat([head, body]);
}
