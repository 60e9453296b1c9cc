import net, { type Socket } from 'node:net';
import { loopbackListener } from './loopback-listener.ts';

/** A TCP proxy between the product and its database, whose faults a test switches on and off. */
export interface TcpProxy {
  port: number;
  /** Refuses connections and drops those that are open. */
  die(): Promise<void>;
  /** Undoes `die` on the same port, and every other fault. */
  revive(): Promise<void>;
  /** Holds back what the server answers by this time; 0 ends that. */
  delay(ms: number): void;
  /** Cuts the connection instead of passing on the answer, for the next answers to requests that hold `text`. */
  cutAnswersTo(text: string, times: number): void;
  /** How many answers were cut since the last `cutAnswersTo`. */
  cuts(): number;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of the loopback address. */
export async function tcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  let delayMs = 0;
  let cutting: { text: string; left: number } | undefined;
  let cuts = 0;

  const serve = (client: Socket): void => {
    const server = net.connect(target);
    let isDoomed = false;
    for (const socket of [client, server]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (cutting !== undefined && cutting.left > 0 && bytes.includes(cutting.text)) {
        cutting.left -= 1;
        isDoomed = true;
      }
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      if (isDoomed) {
        cuts += 1;
        client.destroy();
        return;
      }
      if (delayMs === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), delayMs).unref();
    });
  };

  const listener = await loopbackListener(serve);
  const { open } = listener;

  return {
    port: listener.port,
    die: () => listener.die(),
    revive: async () => {
      delayMs = 0;
      cutting = undefined;
      await listener.revive();
    },
    delay: (ms) => {
      delayMs = ms;
    },
    cutAnswersTo: (text, times) => {
      cutting = { text, left: times };
      cuts = 0;
    },
    cuts: () => cuts,
    close: () => listener.die(),
  };
}
