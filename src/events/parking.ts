import type { NumberedEvent } from './read-log.ts';
import { ParkedEventModel } from './follower.model.ts';

const mostText = 2_000;

/** Sets an event aside for a follower, or notes that it failed again. */
export async function parkEvent(
  follower: string,
  event: NumberedEvent,
  error: unknown,
  attempts: number,
): Promise<void> {
  await ParkedEventModel.updateOne(
    { follower, seq: event.seq },
    {
      $set: { error: textOf(error), at: new Date() },
      $inc: { attempts },
      $setOnInsert: { eventId: event._id, name: event.name },
    },
    { upsert: true },
  );
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.slice(0, mostText) || 'an error without words';
}
