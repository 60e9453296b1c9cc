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
  return {
    observeRequest: (method, route, status, seconds) => {
      requests.observe({ method, route, status: String(status) }, seconds);
      if (status >= 500) failures.inc({ route });
    },
    observeCommand: (command, seconds, failed) => {
      commands.observe({ command, outcome: failed ? 'failed' : 'ok' }, seconds);
    },
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
