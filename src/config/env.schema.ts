import {
  baseUrl,
  bearerToken,
  filePath,
  listenAddress,
  mongoConnectionString,
  oneOf,
  originList,
  pepperList,
  pepperText,
  secretText,
  someOf,
  wholeNumber,
} from './value-types.ts';
import { defaulted, isDeployed, optional, perEnvironment, strongWhenDeployed } from './variable.ts';
import type { Defaulted, Optional } from './variable.ts';

/** The port when none is set. */
export const fallbackPort = '4000';

/** Every variable the program reads: its type, its default per environment and one sentence. */
export const variables = {
  NODE_ENV: defaulted({
    field: 'env',
    group: 'Process',
    about: 'Where the program runs; staging and production refuse to start with weak or missing secrets.',
    type: oneOf('development', 'test', 'staging', 'production'),
    default: 'development',
  }),
  ROLES: defaulted({
    field: 'roles',
    group: 'Process',
    about:
      'What this process does: web answers requests; worker numbers the events and does what follows from them.',
    type: someOf('web', 'worker'),
    default: 'web,worker',
  }),
  LOG_LEVEL: defaulted({
    field: 'logLevel',
    group: 'Process',
    about: 'The least important log lines that are written to standard output.',
    type: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: perEnvironment('info', 'info', 'error'),
  }),
  SHUTDOWN_SECONDS: defaulted({
    field: 'shutdownSeconds',
    group: 'Process',
    about: 'How many seconds running requests and jobs get to finish after SIGTERM.',
    type: wholeNumber(1, 300),
    default: '10',
  }),
  METRICS_TOKEN: optional({
    field: 'metricsToken',
    group: 'Process',
    about: 'The bearer token that GET /metrics asks for.',
    type: bearerToken(16),
    secret: true,
    check: strongWhenDeployed(16),
    whenUnset: 'metrics are open in development and answer 404 elsewhere',
  }),

  PORT: defaulted({
    field: 'port',
    group: 'Web',
    about: 'The TCP port to listen on; 0 lets the system choose a free one.',
    type: wholeNumber(0, 65_535),
    default: fallbackPort,
  }),
  HOST: defaulted({
    field: 'host',
    group: 'Web',
    about: 'The address to listen on; 127.0.0.1 keeps other machines out.',
    type: listenAddress(),
    default: '0.0.0.0',
  }),
  PUBLIC_URL: defaulted({
    field: 'publicUrl',
    group: 'Web',
    about: 'The address under which people reach the server, used in every link it writes.',
    type: baseUrl(),
    default: 'http://localhost:{PORT}',
  }),
  CORS_ORIGINS: defaulted({
    field: 'corsOrigins',
    group: 'Web',
    about: 'The web pages whose scripts may call the API; in development any port of localhost may as well.',
    type: originList(),
    check: (origins, env) =>
      isDeployed(env) && origins.includes('*')
        ? `name each origin instead of *, which would let any web page act with the user's credentials`
        : undefined,
    default: '',
  }),
  TRUSTED_PROXIES: defaulted({
    field: 'trustedProxies',
    group: 'Web',
    about:
      'How many reverse proxies stand in front, so that the address of the client can be told from a forged one.',
    type: wholeNumber(0, 10),
    default: '0',
  }),
  REGISTRATION: defaulted({
    field: 'registration',
    group: 'Web',
    about: 'Whether anyone may create an account (open) or only an operator may (closed).',
    type: oneOf('open', 'closed'),
    default: 'open',
  }),

  MONGO_URI: optional({
    field: 'mongoUri',
    group: 'Database',
    about: 'The MongoDB replica set to use, version 8.0 or newer; it may contain a password.',
    type: mongoConnectionString(),
    secret: true,
    whenUnset: 'the program starts a database of its own in the data folder',
    required: 'give the replica set, for example mongodb://db1,db2,db3/pro-tasker?replicaSet=rs0',
    example: 'mongodb://127.0.0.1:27017/pro-tasker?replicaSet=rs0',
  }),
  DATA_DIR: defaulted({
    field: 'dataFolder',
    group: 'Database',
    about: 'The folder of everything this program keeps on disk itself, such as the database it starts.',
    type: filePath('the path of a folder'),
    default: './data',
  }),
  MONGOD_BINARY: optional({
    field: 'mongodBinary',
    group: 'Database',
    about: 'The mongod program to start when MONGO_URI is not set.',
    type: filePath('the path of a program'),
    whenUnset: 'mongod is looked for in the PATH; README says what is used when there is none',
    example: '/usr/bin/mongod',
  }),
  DB_POOL_SIZE: defaulted({
    field: 'dbPoolSize',
    group: 'Database',
    about: 'The most connections to each database server that one process opens.',
    type: wholeNumber(1, 1000),
    default: '50',
  }),
  DB_COMMAND_TIMEOUT_MS: defaulted({
    field: 'dbCommandTimeoutMs',
    group: 'Database',
    about: 'After how many milliseconds a database command is given up.',
    type: wholeNumber(100, 60_000),
    default: '5000',
  }),
  DB_SERVER_SELECTION_TIMEOUT_MS: defaulted({
    field: 'dbServerSelectionTimeoutMs',
    group: 'Database',
    about: 'For how many milliseconds a command waits for a reachable database server.',
    type: wholeNumber(100, 60_000),
    default: '2000',
  }),
  DATABASE_WAIT_SECONDS: defaulted({
    field: 'databaseWaitSeconds',
    group: 'Database',
    about: 'How many seconds the start waits for the database before it fails; 0 waits forever.',
    type: wholeNumber(0, 86_400),
    default: '0',
  }),
  TRASH_DAYS: defaulted({
    field: 'trashDays',
    group: 'Database',
    about: 'For how many days a deleted project or task can be restored; then it is removed for good.',
    type: wholeNumber(1, 3650),
    default: '30',
  }),

  EVENT_RETENTION_DAYS: defaulted({
    field: 'eventRetentionDays',
    group: 'Database',
    about: 'For how many days the log of events is kept; 0 keeps it forever.',
    type: wholeNumber(0, 36_500),
    default: '0',
  }),

  JWT_SECRET: optional({
    field: 'jwtSecret',
    group: 'Sessions',
    about: 'The key that signs access tokens.',
    type: secretText(32),
    secret: true,
    check: strongWhenDeployed(32),
    whenUnset: 'a random key is made and kept in the data folder',
    required: 'give at least 32 random bytes, for example from "openssl rand -base64 48"',
  }),
  JWT_SECRET_PREVIOUS: optional({
    field: 'jwtSecretPrevious',
    group: 'Sessions',
    about: 'The signing key of before a rotation, whose access tokens stay valid until they expire.',
    type: secretText(32),
    secret: true,
    check: strongWhenDeployed(32),
    whenUnset: 'only JWT_SECRET verifies',
  }),
  JWT_REFRESH_SECRET: optional({
    field: 'jwtRefreshSecret',
    group: 'Sessions',
    about: 'The key of the stored hashes of refresh tokens; changing it ends every session.',
    type: secretText(32),
    secret: true,
    check: strongWhenDeployed(32),
    whenUnset: 'refresh tokens are stored as plain SHA-256 hashes',
  }),
  ACCESS_TOKEN_MINUTES: defaulted({
    field: 'accessTokenMinutes',
    group: 'Sessions',
    about: 'For how many minutes an access token is valid.',
    type: wholeNumber(1, 1440),
    default: '15',
  }),
  REFRESH_TOKEN_DAYS: defaulted({
    field: 'refreshTokenDays',
    group: 'Sessions',
    about: 'For how many days a refresh token is valid.',
    type: wholeNumber(1, 365),
    default: '30',
  }),

  PASSWORD_MIN_LENGTH: defaulted({
    field: 'passwordMinLength',
    group: 'Passwords',
    about: 'The fewest characters a new password may have.',
    type: wholeNumber(8, 64),
    default: '8',
  }),
  BCRYPT_COST: defaulted({
    field: 'bcryptCost',
    group: 'Passwords',
    about: 'How much work a password hash takes; each step doubles it.',
    type: wholeNumber(4, 12, 'a whole number from 10 to 12 (with NODE_ENV=test from 4)'),
    check: (cost, env) => (cost < 10 && env !== 'test' ? 'give a whole number from 10 to 12' : undefined),
    default: perEnvironment('11', '11', '4'),
  }),
  HASH_QUEUE_LIMIT: defaulted({
    field: 'hashQueueLimit',
    group: 'Passwords',
    about: 'How many password hashes may wait for a processor before further ones are answered with 503.',
    type: wholeNumber(1, 10_000),
    default: '64',
  }),
  PASSWORD_PEPPER: optional({
    field: 'passwordPepper',
    group: 'Passwords',
    about: 'A key mixed into every new password hash; when it is lost, so are the passwords that use it.',
    type: pepperText(),
    secret: true,
    check: (pepper, env) => strongWhenDeployed(32)(pepper.secret, env),
    whenUnset: 'new passwords are hashed without a pepper',
  }),
  PASSWORD_PEPPER_PREVIOUS: optional({
    field: 'passwordPeppersPrevious',
    group: 'Passwords',
    about: 'The peppers of before a rotation, needed until every user who has one has logged in again.',
    type: pepperList(),
    secret: true,
    whenUnset: 'no older pepper is known',
  }),

  RATE_LIMIT_PER_MINUTE: defaulted({
    field: 'rateLimitPerMinute',
    group: 'Limits and deadlines',
    about: 'How many requests per minute one user may send; 0 switches the limit off.',
    type: wholeNumber(0, 1_000_000),
    default: perEnvironment('600', '6000', '60000'),
  }),
  RATE_LIMIT_AUTH_PER_MINUTE: defaulted({
    field: 'rateLimitAuthPerMinute',
    group: 'Limits and deadlines',
    about:
      'How many registrations, logins and refreshes per minute one address may send; 0 switches the limit off.',
    type: wholeNumber(0, 1_000_000),
    default: perEnvironment('10', '300', '6000'),
  }),
  RATE_LIMIT_LOGIN_PER_HOUR: defaulted({
    field: 'rateLimitLoginPerHour',
    group: 'Limits and deadlines',
    about:
      'How many logins per hour one account takes from all addresses it does not know together, and from each address that has logged in to it before; also how often per hour one session may be asked for its current password; 0 switches both off.',
    type: wholeNumber(0, 1_000_000),
    default: perEnvironment('60', '3000', '60000'),
  }),
  RATE_LIMIT_REFRESH_PER_MINUTE: defaulted({
    field: 'rateLimitRefreshPerMinute',
    group: 'Limits and deadlines',
    about: 'How many refreshes per minute one session takes; 0 switches the limit off.',
    type: wholeNumber(0, 1_000_000),
    default: perEnvironment('30', '300', '6000'),
  }),
  BODY_LIMIT_KB: defaulted({
    field: 'bodyLimitKb',
    group: 'Limits and deadlines',
    about: 'The largest request body in kilobytes.',
    type: wholeNumber(1, 10_240),
    default: '100',
  }),
  TASK_BODY_LIMIT_KB: defaulted({
    field: 'taskBodyLimitKb',
    group: 'Limits and deadlines',
    about: 'The largest body in kilobytes of a request that writes a task.',
    type: wholeNumber(1, 10_240),
    default: '400',
  }),
  REQUEST_TIMEOUT_MS: defaulted({
    field: 'requestTimeoutMs',
    group: 'Limits and deadlines',
    about: 'Within how many milliseconds a whole request must arrive.',
    type: wholeNumber(1000, 600_000),
    default: '15000',
  }),
  HEADERS_TIMEOUT_MS: defaulted({
    field: 'headersTimeoutMs',
    group: 'Limits and deadlines',
    about: 'Within how many milliseconds the headers of a request must arrive.',
    type: wholeNumber(500, 60_000),
    default: '5000',
  }),
  STREAMS_PER_USER: defaulted({
    field: 'streamsPerUser',
    group: 'Limits and deadlines',
    about: 'How many event streams one user may have open in one process.',
    type: wholeNumber(1, 100_000),
    default: '50',
  }),
  STREAM_HEARTBEAT_MS: defaulted({
    field: 'streamHeartbeatMs',
    group: 'Limits and deadlines',
    about: 'How often in milliseconds a quiet event stream gets a sign of life.',
    type: wholeNumber(100, 60_000),
    default: '15000',
  }),
  STREAM_BUFFER_KB: defaulted({
    field: 'streamBufferKb',
    group: 'Limits and deadlines',
    about: 'How many kilobytes may wait for the client of an event stream before it is told to come back.',
    type: wholeNumber(16, 65_536),
    default: '256',
  }),
  SHED_EVENT_LOOP_DELAY_MS: defaulted({
    field: 'shedEventLoopDelayMs',
    group: 'Limits and deadlines',
    about: 'From which delay of the event loop in milliseconds requests are answered with 503; 0 never does.',
    type: wholeNumber(0, 60_000),
    default: '500',
  }),
  SHED_IN_FLIGHT: defaulted({
    field: 'shedInFlight',
    group: 'Limits and deadlines',
    about: 'From how many unanswered requests on further ones are answered with 503; 0 never does.',
    type: wholeNumber(0, 1_000_000),
    default: '1000',
  }),
};

type ValueOf<Row> =
  Row extends Defaulted<string, infer Value>
    ? Value
    : Row extends Optional<string, infer Value>
      ? Value | undefined
      : never;

/** The value of every variable under its field name; `undefined` where it is not set and has no default. */
export type Settings = {
  readonly [Name in keyof typeof variables as (typeof variables)[Name]['field']]: ValueOf<
    (typeof variables)[Name]
  >;
};
