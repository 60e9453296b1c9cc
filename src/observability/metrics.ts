import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The Prometheus metrics of one process. */
export interface Metrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void;
  observeCommand(command: string, seconds: number, failed: boolean): void;
  render(): Promise<string>;
  readonly contentType: string;
}

/** Gauges read at the moment of a scrape. */
export interface Readings {
  inFlight(): number;
  eventLoopDelaySeconds(): number;
  pool(): { open: number; inUse: number };
  streams(): number;
  /** Asked of the database. */
  background(): Promise<BackgroundReadings>;
}

/** What a scrape tells of the background work, the same in every process. */
export interface BackgroundReadings {
  log: LogLag;
  jobs: JobReadings;
}

/** How far the numbering of events and those who follow them are behind. */
export interface LogLag {
  sequencerLagSeconds: number;
  followers: readonly { name: string; lag: number; parked: number }[];
}

/** How the background jobs keep up. */
export interface JobReadings {
  /** For how many seconds the job that is due longest has been due; 0 when none is. */
  lagSeconds: number;
  parked: number;
}

/** Makes the registry; event-loop, memory and GC metrics come from prom-client's defaults. */
export function makeMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the end of its answer, by route pattern',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  const failures = new Counter({
    name: 'http_request_errors_total',
    help: 'Answers of status 500 and above',
    labelNames: ['route'],
    registers,
  });
  const commands = new Histogram({
    name: 'mongodb_command_duration_seconds',
    help: 'Time of database commands, by command name',
    labelNames: ['command', 'outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge('http_requests_in_flight', 'Requests being answered now', readings.inFlight);
  gauge(
    'event_loop_delay_seconds',
    'Mean delay of the event loop over the last half second',
    readings.eventLoopDelaySeconds,
  );
  gauge('mongodb_pool_connections_open', 'Open database connections', () => readings.pool().open);
  gauge('mongodb_pool_connections_in_use', 'Database connections in use', () => readings.pool().inUse);
  gauge('event_streams_open', 'Open streams of events', readings.streams);
  const readBackground = backgroundGauges(registers, () => readings.background());
  return {
    observeRequest: (method, route, status, seconds) => {
      requests.observe({ method, route, status: String(status) }, seconds);
      if (status >= 500) failures.inc({ route });
    },
    observeCommand: (command, seconds, failed) => {
      commands.observe({ command, outcome: failed ? 'failed' : 'ok' }, seconds);
    },
    render: async () => {
      await readBackground();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}

/** Makes the gauges of log and jobs; gives what fills them. They are absent while the database does not answer. */
function backgroundGauges(
  registers: Registry[],
  read: () => Promise<BackgroundReadings>,
): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const numbering = gauge(
    'event_log_sequencer_lag_seconds',
    'Age of the oldest event that has no number yet',
  );
  const lag = gauge('event_log_follower_lag_events', 'Events a follower has not come to yet', ['follower']);
  const parked = gauge('event_log_follower_parked_events', 'Events a follower could not act on', [
    'follower',
  ]);
  const jobLag = gauge('job_lag_seconds', 'For how long the job that is due longest has been due');
  const jobsParked = gauge('job_parked_jobs', 'Jobs that failed too often');
  return async () => {
    const known = await read().catch(() => undefined);
    for (const each of [lag, parked]) each.reset();
    if (known === undefined) {
      for (const each of [numbering, jobLag, jobsParked]) each.remove();
      return;
    }
    const { log, jobs } = known;
    numbering.set(log.sequencerLagSeconds);
    for (const { name: follower, ...one } of log.followers) {
      lag.set({ follower }, one.lag);
      parked.set({ follower }, one.parked);
    }
    jobLag.set(jobs.lagSeconds);
    jobsParked.set(jobs.parked);
  };
}
