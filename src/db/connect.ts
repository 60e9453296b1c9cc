import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import type { Logger } from 'pino';
import type { Config } from '../config/index.ts';
import { refuseClosedSockets } from './closed-socket.ts';

/** The database cannot be used; the message says what to do. */
export class DatabaseError extends Error {}

/** What the driver reports while it works. */
export interface DriverObserver {
  command(name: string, seconds: number, failed: boolean): void;
  connection(change: 'opened' | 'closed' | 'taken' | 'returned'): void;
}

const pauseMs = 1_000;

/**
 * Connects Mongoose and waits until the database answers, saying so in the log once every few seconds.
 * Throws `DatabaseError` when the configured wait is over or the server has no transactions.
 */
export async function connectDatabase(
  uri: string,
  config: Config,
  log: Logger,
  observer?: DriverObserver,
): Promise<void> {
  refuseClosedSockets();
  mongoose.set({
    strictQuery: 'throw',
    sanitizeFilter: false,
    autoIndex: false,
    autoCreate: false,
    bufferCommands: false,
  });
  const giveUpAt = config.databaseWaitSeconds > 0 ? Date.now() + config.databaseWaitSeconds * 1000 : Infinity;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connectOnce(uri, config, observer);
      break;
    } catch (error) {
      await mongoose.disconnect();
      if (Date.now() > giveUpAt) {
        throw new DatabaseError(
          'The database did not answer in time: check MONGO_URI and that the server runs.',
          { cause: error },
        );
      }
      if (attempt % 5 === 1) log.warn({ attempt }, 'waiting for the database');
      await sleep(pauseMs);
    }
  }
  await refuseStandalone();
}

async function connectOnce(uri: string, config: Config, observer: DriverObserver | undefined): Promise<void> {
  const options: mongoose.ConnectOptions = {
    maxPoolSize: config.dbPoolSize,
    serverSelectionTimeoutMS: config.dbServerSelectionTimeoutMs,
    waitQueueTimeoutMS: config.dbServerSelectionTimeoutMs,
    socketTimeoutMS: config.dbCommandTimeoutMs + 1_000,
    connectTimeoutMS: 2_000,
    heartbeatFrequencyMS: 1_000,
    minHeartbeatFrequencyMS: 250,
    monitorCommands: observer !== undefined,
    appName: 'pro-tasker',
    ...(hasDatabaseName(uri) ? {} : { dbName: fallbackDatabase }),
  };
  mongoose.set('maxTimeMS', config.dbCommandTimeoutMs);
  const connecting = mongoose.connect(uri, options);
  if (observer !== undefined) observe(mongoose.connection.getClient(), observer);
  await connecting;
  await mongoose.connection.db?.command({ ping: 1 });
}

const fallbackDatabase = 'pro-tasker';

/** A connection apart from the server's, without deadlines: for what reads or writes the whole database. */
export async function connectApart(
  uri: string,
): Promise<{ client: mongoose.mongo.MongoClient; db: mongoose.mongo.Db }> {
  refuseClosedSockets();
  const client = new mongoose.mongo.MongoClient(uri, {
    appName: 'pro-tasker operator',
    serverSelectionTimeoutMS: 5_000,
    socketTimeoutMS: 0,
  });
  try {
    await client.connect();
    const refusal = standaloneRefusal(await client.db('admin').command({ hello: 1 }));
    if (refusal !== undefined) throw refusal;
  } catch (error) {
    await client.close();
    throw error;
  }
  return { client, db: hasDatabaseName(uri) ? client.db() : client.db(fallbackDatabase) };
}

const hasDatabaseName = (uri: string): boolean => /^mongodb(?:\+srv)?:\/\/[^/]+\/[^?]+/.test(uri);

function observe(client: mongoose.mongo.MongoClient, observer: DriverObserver): void {
  client.on('commandSucceeded', (event) => {
    observer.command(event.commandName, event.duration / 1000, false);
  });
  client.on('commandFailed', (event) => {
    observer.command(event.commandName, event.duration / 1000, true);
  });
  client.on('connectionCreated', () => {
    observer.connection('opened');
  });
  client.on('connectionClosed', () => {
    observer.connection('closed');
  });
  client.on('connectionCheckedOut', () => {
    observer.connection('taken');
  });
  client.on('connectionCheckedIn', () => {
    observer.connection('returned');
  });
}

async function refuseStandalone(): Promise<void> {
  const refusal = standaloneRefusal(await mongoose.connection.db?.command({ hello: 1 }));
  if (refusal !== undefined) throw refusal;
}

/**
 * Why a server that gives this answer to `hello` cannot be used, if so: a standalone one has no transactions and loses
 * acknowledged writes when it is killed (SERVER-139311).
 */
export function standaloneRefusal(hello: Record<string, unknown> | undefined): DatabaseError | undefined {
  if (hello?.['setName'] !== undefined || hello?.['msg'] === 'isdbgrid') return undefined;
  return new DatabaseError(
    'MONGO_URI names a standalone MongoDB server, which has no transactions: start it with `mongod --replSet rs0` and run `rs.initiate()` once in mongosh.',
  );
}

/** Whether the database answers within a second. */
export async function databaseAnswers(): Promise<boolean> {
  const ping = mongoose.connection.db?.command({ ping: 1 }).then(
    () => true,
    () => false,
  );
  const waited = sleep(1_000, false, { ref: false });
  return (
    (await Promise.race([ping ?? false, waited])) &&
    mongoose.connection.readyState === mongoose.ConnectionStates.connected
  );
}
