import { asHttp, dialects, type Call } from './dialects.ts';
import { openConnection, type Answer, type Connection } from './connection.ts';
import type { ContenderName } from './types.ts';

/** Sends a call outside the measurement and gives its status and JSON body. */
export type Ask = (call: Call) => Promise<{ status: number; body: unknown }>;

/** A client for preparing and checking: as many connections as it may have calls in flight. */
export interface Client {
  ask: Ask;
  /** Runs the calls, at most `width` in flight, and gives the bodies; throws on any status but `expected`. */
  askAll: (calls: readonly Call[], expected: number) => Promise<unknown[]>;
  close: () => void;
}

const bodyOf = (answer: Answer): unknown =>
  answer.body.length === 0 ? null : JSON.parse(answer.body.toString('utf8'));

/** Connects to a contender with `width` connections. */
export const connectClient = async (
  contender: ContenderName,
  port: number,
  width: number,
): Promise<Client> => {
  const dialect = dialects[contender];
  const connections = await Promise.all(Array.from({ length: width }, () => openConnection(port)));
  const [first] = connections;
  if (first === undefined) throw new Error('a client needs at least one connection');

  const over = async (connection: Connection, call: Call) => {
    const answer = await connection.send(asHttp(dialect, call));
    return { status: answer.status, body: bodyOf(answer) };
  };
  return {
    ask: (call) => over(first, call),
    askAll: async (calls, expected) => {
      const bodies: unknown[] = [];
      let next = 0;
      const work = async (connection: Connection) => {
        while (next < calls.length) {
          const index = next;
          next += 1;
          const call = calls[index];
          if (call === undefined) return;
          const { status, body } = await over(connection, call);
          if (status !== expected) {
            const text = JSON.stringify(body).slice(0, 800);
            throw new Error(`${contender}: ${call.method} ${call.path} gave ${status}: ${text}`);
          }
          bodies[index] = body;
        }
      };
      await Promise.all(connections.map(work));
      return bodies;
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
};
