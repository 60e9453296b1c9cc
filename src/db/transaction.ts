import mongoose, { type ClientSession } from 'mongoose';
import { isCommitUnknown, isUnreachable } from './faults.ts';

/** One write of a bulk, as Mongoose's connections take it. */
export type Operation = Parameters<typeof mongoose.connection.bulkWrite>[0][number];

/** One write of a unit of work. */
export interface Statement {
  /** What rivals would fight over: the id of a changed document, else the name of the collection. */
  key: string;
  /** Whether it must find its document unchanged. */
  guarded: boolean;
  /** Holds a partial change against its model's rules; inserts are validated by Mongoose itself. */
  validate?: () => Promise<unknown>;
  run: Operation | ((session: ClientSession) => Promise<unknown>);
}

/** Fails when a change breaks its model's rules. */
export const validateAll = (statements: readonly Statement[]): Promise<unknown> =>
  Promise.all(statements.map(async (statement) => statement.validate?.()));

/** The error of a commit whose outcome nobody knows: what it should have written must not be written again. */
export class OutcomeUnknown extends Error {}

/**
 * Writes everything in one transaction: one bulk write plus commit. False, and nothing written, when a guarded
 * document had changed meanwhile. Throws the driver's error, wrapped in `OutcomeUnknown` when it came with the commit.
 */
export async function commitInOneTransaction(statements: readonly Statement[]): Promise<boolean> {
  // Without causal consistency: bulkWrite takes no readConcern on the embedded engine, and nothing here needs one.
  const session = await mongoose.connection.startSession({ causalConsistency: false });
  try {
    session.startTransaction();
    const bulk: Operation[] = [];
    let guarded = 0;
    for (const statement of statements) {
      if (typeof statement.run === 'function') {
        await statement.run(session);
        continue;
      }
      bulk.push(statement.run);
      if (statement.guarded) guarded += 1;
    }
    if (bulk.length > 0) {
      // Mongoose casts and validates every document here before anything is sent.
      const result = await mongoose.connection.bulkWrite(bulk, { session, ordered: true });
      if (result.matchedCount !== guarded) {
        await session.abortTransaction();
        return false;
      }
    }
    await commitSurely(session);
    return true;
  } catch (error) {
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    throw error;
  } finally {
    await session.endSession();
  }
}

/** Commits; when the answer got lost, asks again until the server says. */
async function commitSurely(session: ClientSession): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!isCommitUnknown(error)) throw error;
      if (attempt === 3 || isUnreachable(error))
        throw new OutcomeUnknown('the commit was not confirmed', { cause: error });
    }
  }
}
