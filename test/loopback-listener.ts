import net, { type AddressInfo, type Socket } from 'node:net';

/** A TCP server on a free port of the loopback address that can go away and come back on the same port. */
export interface LoopbackListener {
  readonly port: number;
  /** The sockets to cut when it goes away; whoever serves adds them. */
  readonly open: Set<Socket>;
  /** Refuses connections and drops those that are open. */
  die(): Promise<void>;
  /** Undoes `die`. */
  revive(): Promise<void>;
}

/** Starts one. */
export async function loopbackListener(serve: (client: Socket) => void): Promise<LoopbackListener> {
  const open = new Set<Socket>();
  let listener = net.createServer(serve);
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  // A listening TCP server has an AddressInfo.
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    open,
    die: async () => {
      if (!listener.listening) return;
      const closed = new Promise((resolve) => listener.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
    revive: async () => {
      if (listener.listening) return;
      listener = net.createServer(serve);
      await listen(port);
    },
  };
}
