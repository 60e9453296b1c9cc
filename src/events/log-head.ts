import { pause, within } from '../db/pause.ts';
import { numberedUpTo } from './log-position.model.ts';

/** How far the log is numbered, as this process knows it. */
export interface LogHead {
  seq(): number;
  /** Tells a newer position; older ones are ignored. */
  advance(seq: number): void;
  /** Waits for a position beyond `seq`, at most so long. */
  beyond(seq: number, ms: number, signal: AbortSignal): Promise<void>;
}

/** Makes a head that starts at 0. */
export function makeLogHead(): LogHead {
  let head = 0;
  let wake = (): void => undefined;
  let moved = new Promise<void>((resolve) => (wake = resolve));
  return {
    seq: () => head,
    advance: (seq) => {
      if (seq <= head) return;
      head = seq;
      wake();
      moved = new Promise<void>((resolve) => (wake = resolve));
    },
    beyond: async (seq, ms, signal) => {
      if (head <= seq) await within(moved, ms, signal);
    },
  };
}

const everyMs = 500;

/** Keeps the head up to date while the sequencer runs in another process; ends with the signal, never rejects. */
export async function pollLogHead(head: LogHead, signal: AbortSignal): Promise<void> {
  for (let known = -1; !signal.aborted; await pause(everyMs, signal)) {
    // The sequencer of this process has told it meanwhile.
    const isTold = head.seq() > known && known >= 0;
    known = head.seq();
    if (isTold) continue;
    head.advance(await numberedUpTo().catch(() => 0));
    known = head.seq();
  }
}
