import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How loaded the process is; above its limits new requests are refused at once. */
export interface Pressure {
  enter(): void;
  leave(): void;
  inFlight(): number;
  /** Mean delay of the event loop over the last half second. */
  delayMs(): number;
  isTooHigh(): boolean;
  stop(): void;
}

const resolutionMs = 20;
const windowMs = 500;

/** Watches requests in flight and the event loop; a limit of 0 switches it off. */
export function watchPressure(limits: { inFlight: number; delayMs: number }): Pressure {
  let inFlight = 0;
  let delayMs = 0;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const timer = setInterval(() => {
    // The histogram counts its own sampling interval in: https://nodejs.org/api/perf_hooks.html
    delayMs = Number.isNaN(histogram.mean) ? 0 : Math.max(0, histogram.mean / 1e6 - resolutionMs);
    histogram.reset();
  }, windowMs);
  timer.unref();
  return {
    enter: () => {
      inFlight += 1;
    },
    leave: () => {
      inFlight -= 1;
    },
    inFlight: () => inFlight,
    delayMs: () => delayMs,
    isTooHigh: () =>
      (limits.inFlight > 0 && inFlight > limits.inFlight) || (limits.delayMs > 0 && delayMs > limits.delayMs),
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
