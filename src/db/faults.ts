import mongoose from 'mongoose';

const writeConflict = 112;
const duplicateKey = 11000;

interface DriverFault {
  code?: unknown;
  name?: unknown;
  message?: unknown;
  cause?: unknown;
  writeErrors?: unknown;
  hasErrorLabel?: (label: string) => boolean;
}

const isFault = (error: unknown): error is DriverFault => typeof error === 'object' && error !== null;

/** The error, its causes and the write errors inside it: the driver hides the telling one in any of them. */
function* layers(error: unknown): Generator<DriverFault> {
  for (let layer = error, depth = 0; isFault(layer) && depth < 5; layer = layer.cause, depth += 1) {
    yield layer;
    if (layer.writeErrors instanceof Map) yield* [...layer.writeErrors.values()].filter(isFault);
  }
}

/** Whether the transaction lost against another one and may simply be run again. */
export function isConflict(error: unknown): boolean {
  for (const layer of layers(error)) {
    if (layer.code === writeConflict || layer.hasErrorLabel?.('TransientTransactionError') === true)
      return true;
  }
  return false;
}

/** The collection and the unique index that refused a write, or undefined when the error is something else. */
export function duplicatePlace(error: unknown): string | undefined {
  for (const layer of layers(error)) {
    if (layer.code !== duplicateKey) continue;
    const [, collection, index] = /collection: [^\s.]+\.(\S+) index: (\S+)/.exec(String(layer.message)) ?? [];
    return `${collection ?? 'unknown'} ${index ?? 'unknown'}`;
  }
  return undefined;
}

/**
 * Whether it is unknown if the commit happened, so that it must be sent again. The driver says so with a label, but
 * gives none when another connection had failed just before: what is no answer of the server is unknown as well.
 */
export function isCommitUnknown(error: unknown): boolean {
  if (!isFault(error)) return false;
  if (error.hasErrorLabel?.('UnknownTransactionCommitResult') === true) return true;
  return isDatabaseAway(error) && !(error instanceof mongoose.mongo.MongoServerError);
}

/** Whether no server could be found at all: asking again at once leads nowhere. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof mongoose.mongo.MongoServerSelectionError;

/** Whether the error says that the database cannot be reached or does not answer in time. */
export function isDatabaseAway(error: unknown): boolean {
  for (const layer of layers(error)) {
    if (
      layer instanceof mongoose.mongo.MongoNetworkError ||
      layer instanceof mongoose.mongo.MongoServerSelectionError ||
      layer.name === 'MongoWaitQueueTimeoutError' ||
      layer instanceof mongoose.mongo.MongoNotConnectedError ||
      layer instanceof mongoose.mongo.MongoTopologyClosedError ||
      layer instanceof mongoose.mongo.MongoExpiredSessionError ||
      layer instanceof mongoose.mongo.MongoClientClosedError ||
      layer instanceof mongoose.mongo.MongoTransactionError ||
      (layer instanceof mongoose.mongo.MongoServerError && unavailableCodes.has(Number(layer.code)))
    ) {
      return true;
    }
  }
  return error instanceof mongoose.Error.MongooseServerSelectionError;
}

// MaxTimeMSExpired, shutdown, primary changes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
const unavailableCodes = new Set([50, 91, 189, 262, 10107, 11600, 11602, 13435, 13436]);
