/** Loaded into a measured process: at every SIGUSR2 writes the longest delay of its event loop since the last one, in ms. */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
process.on('SIGUSR2', () => {
  writeFileSync(process.env['LOOP_PROBE'] ?? '', String(delays.max / 1e6));
  delays.reset();
});
