import pino, { type DestinationStream, type Logger } from 'pino';
import { isDeployed, type Config } from '../config/index.ts';

/** Makes the log: one JSON object a line on standard output, written asynchronously. */
export function makeLogger(config: Config, destination?: DestinationStream): Logger {
  return pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // What is logged is chosen field by field; this net only catches what slips in with an error.
      redact: {
        paths: [
          'password',
          'token',
          'refreshToken',
          'authorization',
          '*.password',
          '*.token',
          '*.refreshToken',
          '*.authorization',
        ],
        censor: '[hidden]',
      },
    },
    destination ?? standardOutput(config),
  );
}

const flushEveryMs = 500;

/** Deployed servers write in blocks, at the latest twice a second; in development every line appears at once. */
function standardOutput(config: Config): DestinationStream {
  if (!isDeployed(config.env)) return pino.destination({ dest: 1, sync: true });
  const destination = pino.destination({ dest: 1, sync: false, minLength: 4096 });
  setInterval(() => {
    destination.flush();
  }, flushEveryMs).unref();
  return destination;
}
