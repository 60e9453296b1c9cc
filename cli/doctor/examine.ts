import mongoose from 'mongoose';
import { ConfigError, loadConfig, readEnvironment, type Config } from '../../src/config/index.ts';
import { connectDatabase, DatabaseError } from '../../src/db/connect.ts';
import { EngineError } from '../../src/db/engines/index.ts';
import { makeLogger } from '../../src/observability/logger.ts';
import { withDatabase } from '../operator.ts';
import { checkFollowers, checkJobs, checkPeppers, checkReferences, checkTrash } from './data.ts';
import {
  checkClock,
  checkIndexes,
  checkRestore,
  checkRoom,
  checkServer,
  checkTransactions,
} from './database.ts';
import { roomAt, type Room } from './disk.ts';
import { fault, ok, type Finding } from './finding.ts';

/** What the doctor looks at besides the database, so that a test can set it. */
export interface Surroundings {
  now(): Date;
  room(folder: string): Promise<Room>;
}

const real: Surroundings = { now: () => new Date(), room: roomAt };

/** Looks at everything, from the configuration on. What an earlier fault makes impossible is not looked at. */
export async function examine(env: NodeJS.ProcessEnv): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfig(readEnvironment(env));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map((seen) =>
      fault(
        'configuration',
        seen,
        'mend it in the environment or the .env file; docs/configuration.md lists all variables.',
      ),
    );
  }
  const configuration = ok('configuration', `for ${config.env}, without faults`);
  try {
    return await withDatabase(config, async (uri) => [
      configuration,
      ...(await connectAndExamine(uri, config)),
    ]);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return [configuration, fault('database', error.message, 'see docs/troubleshooting.md.')];
  }
}

const patience = { databaseWaitSeconds: 1, dbCommandTimeoutMs: 60_000 };

async function connectAndExamine(uri: string, config: Config): Promise<Finding[]> {
  const log = makeLogger({ ...config, logLevel: 'silent' }, process.stderr);
  try {
    await connectDatabase(uri, { ...config, ...patience }, log);
    return await examineDatabase(config, real);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return [fault('database', 'cannot be used', error.message)];
  } finally {
    await mongoose.disconnect();
  }
}

/** Looks at the connected database and what surrounds it; changes nothing. */
export async function examineDatabase(config: Config, { now, room }: Surroundings): Promise<Finding[]> {
  const { db } = mongoose.connection;
  if (db === undefined) throw new Error('there is no connection to the database');
  const findings = [
    ...(await checkServer(db, config)),
    await checkTransactions(),
    await checkClock(db, now),
    await checkRoom(db, config, await room(config.dataFolder)),
    await checkRestore(db),
    ...(await checkIndexes(db)),
  ];
  return [
    ...findings,
    ...(await checkFollowers()),
    ...(await checkJobs(now())),
    await checkPeppers(config),
    await checkTrash(now(), config),
    ...(await checkReferences()),
  ];
}
