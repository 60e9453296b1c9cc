import type { Logger } from 'pino';
import type { NumberedEvent } from './read-log.ts';

/** What a follower's handler is given beside the event. */
export interface FollowerContext {
  /** Under which its writes happen: the deed of whoever caused the event, at the present time. */
  readonly origin: {
    readonly actorId: string | null;
    readonly requestId: string;
    readonly operationId: string;
    now(): Date;
  };
  readonly log: Logger;
  /** Aborts when the process stops or another one takes over: end soon, the event comes again. */
  readonly signal: AbortSignal;
  /** Reads something once for a whole slice of the log; all events of the slice were committed before it is read. */
  once<T>(key: string, read: () => Promise<T>): Promise<T>;
}

/** Somebody who acts on events, each at least once and in the order of the log. */
export interface Follower {
  /** Names its stored place in the log: changing it makes a new follower. */
  readonly name: string;
  /** The names of the events it hears of; all when absent. */
  readonly on?: readonly string[];
  /** Where it begins when it has no place yet: with the first event of the log, or with the next to be numbered. */
  readonly from: 'start' | 'head';
  /** After how many failures an event is set aside. */
  readonly maxAttempts: number;
  /** Must give the same result when it is run again for the same event. */
  handle(event: NumberedEvent, ctx: FollowerContext): Promise<void>;
}

type Declared = Omit<Follower, 'name' | 'maxAttempts'> & Partial<Pick<Follower, 'maxAttempts'>>;

/** Declares a follower; it runs where the worker role does, see `runFollower`. */
export const follow = (name: string, declared: Declared): Follower => ({ maxAttempts: 8, ...declared, name });

/** Under whose name a follower writes what an event leads to. */
export const originOf = (event: NumberedEvent, now: () => Date): FollowerContext['origin'] => ({
  actorId: event.actorId?.toHexString() ?? null,
  requestId: event.requestId,
  operationId: event.operationId,
  now,
});

/** Makes the memory of one slice. */
export function onceInSlice(): FollowerContext['once'] {
  const known = new Map<string, Promise<unknown>>();
  return <T>(key: string, read: () => Promise<T>) => {
    const remembered = known.get(key) ?? read();
    known.set(key, remembered);
    // Who tries again after a failure reads again.
    remembered.catch(() => known.delete(key));
    // A key always names the same kind of thing.
    return remembered as Promise<T>;
  };
}
