/**
 * Parse Server as the benchmark runs it. Everything that is not needed for the comparison is switched
 * off in its favour: no request log, no live queries, no file storage, no client class creation.
 * Reads DATABASE_URI, PORT, POOL_SIZE, APP_ID and MASTER_KEY from its environment.
 */
import { ParseServer } from 'parse-server';

const { DATABASE_URI, PORT, POOL_SIZE, APP_ID, MASTER_KEY } = process.env;

await ParseServer.startApp({
  databaseURI: DATABASE_URI,
  databaseOptions: { maxPoolSize: Number(POOL_SIZE) },
  appId: APP_ID,
  masterKey: MASTER_KEY,
  maintenanceKey: `${MASTER_KEY}-maintenance`,
  masterKeyIps: ['127.0.0.1'],
  host: '127.0.0.1',
  port: Number(PORT),
  mountPath: '/parse',
  serverURL: `http://127.0.0.1:${PORT}/parse`,
  // Its caches of sessions and roles live for 5 s by default: with 200 users taking turns in measurements
  // of a second or two they would be cold most of the time.
  cacheTTL: 600_000,
  allowClientClassCreation: false,
  allowCustomObjectId: true, // so that its tasks can carry the product's ids
  enableAnonymousUsers: false,
  enforcePrivateUsers: true,
  logLevel: 'error',
  silent: true,
  verbose: false,
});
