import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { variables } from './env.schema.ts';
import {
  ConfigError,
  developmentSecret,
  loadConfig,
  readEnvironment,
  renderConfigurationDoc,
  renderEnvExample,
} from './index.ts';

type Env = Record<string, string | undefined>;

const SIGNING_KEY = 'kW8zr2Qm5Tq0bXcV7nLh3YpFs9GdJa6E';
const OTHER_KEY = 'Zx4Rt9Pw2Lk7Hs1Vb6Nm3Qc8Jd5Gf0Ty';
const PRODUCTION: Env = {
  NODE_ENV: 'production',
  MONGO_URI: 'mongodb://db1,db2:27018/pro-tasker?replicaSet=rs0',
  JWT_SECRET: SIGNING_KEY,
};

function faultsOf(env: Env): readonly string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('a usable configuration', () => {
  it('needs nothing at all in development', () => {
    expect(loadConfig({})).toMatchObject({
      env: 'development',
      port: 4000,
      host: '0.0.0.0',
      publicUrl: 'http://localhost:4000',
      mongoUri: undefined,
      jwtSecret: undefined,
      dataFolder: './data',
      corsOrigins: [],
      bcryptCost: 11,
      passwordPepper: undefined,
      passwordPepperId: undefined,
      passwordPeppersPrevious: [],
      rateLimitPerMinute: 6000,
      rateLimitAuthPerMinute: 300,
      databaseWaitSeconds: 0,
    });
  });

  it.each(['production', 'staging'])('has strict limits in %s', (env) => {
    expect(loadConfig({ ...PRODUCTION, NODE_ENV: env })).toMatchObject({
      env,
      rateLimitPerMinute: 600,
      rateLimitAuthPerMinute: 10,
      jwtSecret: SIGNING_KEY,
      mongoUri: PRODUCTION['MONGO_URI'],
    });
  });

  it('may hash passwords cheaply in tests', () => {
    expect(loadConfig({ NODE_ENV: 'test' }).bcryptCost).toBe(4);
  });

  it('takes an empty value for an unset one and ignores unknown variables and white space', () => {
    const config = loadConfig({
      PORT: '',
      JWT_SECRET: '  ',
      MONGO_URI: '',
      LOG_LEVEL: ' warn ',
      PROT: 'x',
    });
    expect(config).toMatchObject({
      port: 4000,
      jwtSecret: undefined,
      mongoUri: undefined,
      logLevel: 'warn',
    });
  });

  it('writes links with the port it listens on, unless it is told the public address', () => {
    expect(loadConfig({ PORT: '8080' }).publicUrl).toBe('http://localhost:8080');
    expect(loadConfig({ PUBLIC_URL: 'https://tasks.example.com/app/' }).publicUrl).toBe(
      'https://tasks.example.com/app',
    );
  });

  it('spells origins the way browsers send them', () => {
    const { corsOrigins } = loadConfig({
      CORS_ORIGINS: 'https://App.example.com:443, http://localhost:5173',
    });
    expect(corsOrigins).toEqual(['https://app.example.com', 'http://localhost:5173']);
  });

  it('splits peppers into id and secret', () => {
    const config = loadConfig({
      PASSWORD_PEPPER: 'p2:new:er',
      PASSWORD_PEPPER_PREVIOUS: 'p1:old,p0:older',
    });
    expect(config).toMatchObject({
      passwordPepperId: 'p2',
      passwordPepper: 'new:er',
      passwordPeppersPrevious: [
        { id: 'p1', secret: 'old' },
        { id: 'p0', secret: 'older' },
      ],
    });
  });

  it.each([
    'mongodb://127.0.0.1:27017/pro-tasker?replicaSet=rs0',
    'mongodb://user:p%40ss@db1,db2,db3/?replicaSet=rs0',
    'mongodb://[::1]:27017',
    'mongodb+srv://user:pass@cluster0.abc.mongodb.net/pro-tasker?retryWrites=true&w=majority',
  ])('connects to %s', (uri) => {
    expect(loadConfig({ MONGO_URI: uri }).mongoUri).toBe(uri);
  });

  it('cannot be changed afterwards, not even inside', () => {
    const config = loadConfig({
      PASSWORD_PEPPER_PREVIOUS: 'p1:old',
      CORS_ORIGINS: 'http://localhost:3000',
    });
    const parts = [config, config.corsOrigins, config.passwordPeppersPrevious];
    expect([...parts, config.passwordPeppersPrevious[0]].every(Object.isFrozen)).toBe(true);
  });

  it('accepts every random secret', () => {
    for (let round = 0; round < 500; round += 1) {
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      const encoding = round % 2 === 0 ? 'hex' : 'base64';
      expect(
        faultsOf({
          ...PRODUCTION,
          JWT_SECRET: Buffer.from(bytes).toString(encoding),
        }),
      ).toEqual([]);
    }
  });
});

describe('a bad configuration stops the start with the sentence that says what to do', () => {
  const BAD: readonly [what: string, env: Env, sentence: string][] = [
    [
      'an unknown environment',
      { NODE_ENV: 'prod' },
      'NODE_ENV is "prod": give one of development, test, staging, production.',
    ],
    ['a port in words', { PORT: 'four' }, 'PORT is "four": give a whole number from 0 to 65535.'],
    ['a port too high', { PORT: '70000' }, 'PORT is "70000": give a whole number from 0 to 65535.'],
    ['a negative port', { PORT: '-1' }, 'PORT is "-1": give a whole number'],
    ['a mistyped number', { BODY_LIMIT_KB: '1OO' }, 'BODY_LIMIT_KB is "1OO": give a whole number from 1 to'],
    [
      'a fraction',
      { REFRESH_TOKEN_DAYS: '1.5' },
      'REFRESH_TOKEN_DAYS is "1.5": give a whole number from 1 to 365.',
    ],
    ['an exponent', { RATE_LIMIT_PER_MINUTE: '1e3' }, 'RATE_LIMIT_PER_MINUTE is "1e3": give a whole number'],
    [
      'a hexadecimal number',
      { DB_POOL_SIZE: '0x10' },
      'DB_POOL_SIZE is "0x10": give a whole number from 1 to 1000.',
    ],
    [
      'a number with a unit',
      { REQUEST_TIMEOUT_MS: '15s' },
      'REQUEST_TIMEOUT_MS is "15s": give a whole number',
    ],
    [
      'no time at all for a command',
      { DB_COMMAND_TIMEOUT_MS: '0' },
      'give a whole number from 100 to 60000.',
    ],
    ['a token without end', { ACCESS_TOKEN_MINUTES: '99999' }, 'give a whole number from 1 to 1440.'],
    [
      'short passwords',
      { PASSWORD_MIN_LENGTH: '6' },
      'PASSWORD_MIN_LENGTH is "6": give a whole number from 8 to 64.',
    ],
    [
      'cheap hashes outside tests',
      { BCRYPT_COST: '4' },
      'BCRYPT_COST is "4": give a whole number from 10 to 12.',
    ],
    [
      'hashes that take seconds',
      { BCRYPT_COST: '20' },
      'BCRYPT_COST is "20": give a whole number from 10 to 12',
    ],
    [
      'an unknown log level',
      { LOG_LEVEL: 'verbose' },
      'LOG_LEVEL is "verbose": give one of fatal, error, warn,',
    ],
    [
      'a yes instead of a word',
      { REGISTRATION: 'true' },
      'REGISTRATION is "true": give one of open, closed.',
    ],
    ['a mistyped address', { HOST: '0.0.0.0.0' }, 'HOST is "0.0.0.0.0": give an IP address or a host name'],
    ['an address with port', { HOST: 'localhost:4000' }, 'give an IP address or a host name without port'],
    [
      'proxies by name',
      { TRUSTED_PROXIES: 'true' },
      'TRUSTED_PROXIES is "true": give a whole number from 0 to 10.',
    ],
    [
      'a public URL without scheme',
      { PUBLIC_URL: 'example.com' },
      'give an absolute http:// or https:// URL',
    ],
    [
      'a public URL that runs scripts',
      { PUBLIC_URL: 'javascript:alert(1)' },
      'give an absolute http:// or https://',
    ],
    [
      'an origin with a slash',
      { CORS_ORIGINS: 'https://a.example/' },
      'give the bare origin https://a.example instead',
    ],
    [
      'an origin with a path',
      { CORS_ORIGINS: 'https://a.example/app' },
      'give the bare origin https://a.example',
    ],
    ['an origin without scheme', { CORS_ORIGINS: 'a.example' }, 'which "a.example" is not.'],
    [
      'an origin with a wildcard',
      { CORS_ORIGINS: 'https://*.example.com' },
      'which "https://*.example.com" is not.',
    ],
    ['the null origin', { CORS_ORIGINS: 'null' }, 'which "null" is not.'],
    ['any origin in production', { ...PRODUCTION, CORS_ORIGINS: '*' }, 'name each origin instead of *'],
    [
      'any origin among others in staging',
      {
        ...PRODUCTION,
        NODE_ENV: 'staging',
        CORS_ORIGINS: 'https://a.example,*',
      },
      'name each origin instead of *',
    ],
    [
      'another database',
      { MONGO_URI: 'postgres://db/app' },
      'MONGO_URI is refused: give a connection string that',
    ],
    [
      'a database without host',
      { MONGO_URI: 'mongodb:///pro-tasker' },
      'MONGO_URI is refused: give a connection',
    ],
    [
      'an unencoded password',
      { MONGO_URI: 'mongodb://me:p@ss/w@db/x' },
      'in user and password percent-encoded.',
    ],
    ['a seed list with port', { MONGO_URI: 'mongodb+srv://c.example.net:27017/x' }, 'MONGO_URI is refused'],
    [
      'no database in production',
      { ...PRODUCTION, MONGO_URI: undefined },
      'MONGO_URI is not set: with NODE_ENV=production give the replica set, for example mongodb://',
    ],
    [
      'no signing key in staging',
      { ...PRODUCTION, NODE_ENV: 'staging', JWT_SECRET: '' },
      'JWT_SECRET is not set: with NODE_ENV=staging give at least 32 random bytes, for example from "openssl rand',
    ],
    [
      'a short signing key',
      { ...PRODUCTION, JWT_SECRET: SIGNING_KEY.slice(1) },
      'JWT_SECRET is refused: it is only 31 bytes long, give at least 32 random bytes',
    ],
    [
      'a sample signing key',
      {
        ...PRODUCTION,
        JWT_SECRET: 'change-me-please-0987-very-long-string-of-text',
      },
      'JWT_SECRET is refused: it looks like a sample or is easy to guess',
    ],
    [
      'a signing key of few characters',
      { ...PRODUCTION, JWT_SECRET: 'aabbabbabaabbbaaabababbbaabbaabbaabab' },
      'JWT_SECRET is refused: it looks like a sample',
    ],
    [
      'a signing key of one piece repeated',
      { ...PRODUCTION, JWT_SECRET: 'k7Qz9mWx2p'.repeat(4) },
      'JWT_SECRET is refused: it looks like a sample',
    ],
    [
      'a short previous signing key',
      { ...PRODUCTION, JWT_SECRET_PREVIOUS: 'old' },
      'JWT_SECRET_PREVIOUS is refused: it is only 3 bytes long',
    ],
    [
      'a refresh key equal to the signing key',
      { ...PRODUCTION, JWT_REFRESH_SECRET: SIGNING_KEY },
      'JWT_REFRESH_SECRET is the same as JWT_SECRET: give each its own random value or unset JWT_REFRESH_SECRET.',
    ],
    [
      'a short metrics token',
      { ...PRODUCTION, METRICS_TOKEN: 'x1y2' },
      'METRICS_TOKEN is refused: it is only 4 bytes',
    ],
    [
      'a metrics token no header can carry',
      { METRICS_TOKEN: 'a b' },
      'METRICS_TOKEN is refused: give at least 16',
    ],
    ['a pepper without id', { PASSWORD_PEPPER: OTHER_KEY }, 'PASSWORD_PEPPER is refused: give id:secret'],
    [
      'a short pepper',
      { ...PRODUCTION, PASSWORD_PEPPER: 'p1:salt' },
      'PASSWORD_PEPPER is refused: it is only 4 bytes',
    ],
    [
      'an older pepper without id',
      { PASSWORD_PEPPER_PREVIOUS: 'p1:x,y' },
      'PASSWORD_PEPPER_PREVIOUS is refused: give',
    ],
    [
      'two peppers of one id',
      { PASSWORD_PEPPER: 'p1:new', PASSWORD_PEPPER_PREVIOUS: 'p1:old' },
      'PASSWORD_PEPPER and PASSWORD_PEPPER_PREVIOUS use an id twice: give each pepper an id of its own',
    ],
    [
      'tasks smaller than the rest',
      { TASK_BODY_LIMIT_KB: '50' },
      'TASK_BODY_LIMIT_KB is below BODY_LIMIT_KB: raise',
    ],
    [
      'headers slower than the whole',
      { HEADERS_TIMEOUT_MS: '20000' },
      'HEADERS_TIMEOUT_MS is above REQUEST_TIMEOUT_MS',
    ],
  ];

  it.each(BAD)('%s', (_what, env, sentence) => {
    const faults = faultsOf(env);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(sentence);
  });

  it('all faults at once, one sentence each', () => {
    const env = {
      NODE_ENV: 'production',
      PORT: 'x',
      CORS_ORIGINS: '*',
      LOG_LEVEL: 'loud',
      SHED_IN_FLIGHT: '-5',
    };
    const faults = faultsOf(env);
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'LOG_LEVEL',
      'PORT',
      'CORS_ORIGINS',
      'MONGO_URI',
      'JWT_SECRET',
      'SHED_IN_FLIGHT',
    ]);
    expect(() => loadConfig(env)).toThrow(`The configuration has 6 faults:\n  - ${faults.join('\n  - ')}`);
  });

  it('every bad entry of a list has its own sentence', () => {
    expect(
      faultsOf({
        CORS_ORIGINS: 'ftp://a,https://b.example,https://c.example/',
      }),
    ).toHaveLength(2);
  });

  it('never shows a secret, a password or a whole novel', () => {
    const canary = 'canary-7431';
    const env: Env = {
      ...PRODUCTION,
      PUBLIC_URL: `https://me:${canary}@example.com`,
      CORS_ORIGINS: `https://me:${canary}@a.example`,
      LOG_LEVEL: `${'x'.repeat(200)}${canary}`,
    };
    for (const [name, variable] of Object.entries(variables)) {
      if (variable.secret) env[name] = `${canary} @/`;
    }
    const faults = faultsOf(env);
    expect(faults.length).toBeGreaterThanOrEqual(10);
    expect(faults.join('\n')).not.toContain(canary);
  });
});

describe('the files of a folder', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pro-tasker-config-'));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('complete the real environment, the specific one before the common one', async () => {
    await writeFile(
      join(folder, '.env'),
      'CONFIG_TEST_A=common\nCONFIG_TEST_B=common\nCONFIG_TEST_C=common\n',
    );
    await writeFile(join(folder, '.env.test'), 'CONFIG_TEST_A=specific\nCONFIG_TEST_B=specific\n');
    const real = {
      NODE_ENV: 'test',
      CONFIG_TEST_A: 'real',
      CONFIG_TEST_C: undefined,
    };
    const before = { ...process.env };

    const env = readEnvironment(real, folder);

    expect(env).toEqual({
      NODE_ENV: 'test',
      CONFIG_TEST_A: 'real',
      CONFIG_TEST_B: 'specific',
      CONFIG_TEST_C: 'common',
    });
    expect(real).toEqual({
      NODE_ENV: 'test',
      CONFIG_TEST_A: 'real',
      CONFIG_TEST_C: undefined,
    });
    expect({ ...process.env }).toEqual(before);
  });

  it('may name the environment themselves, and an empty real value switches one of theirs off', async () => {
    await writeFile(join(folder, '.env'), 'NODE_ENV=staging\nPORT=5000\n');
    await writeFile(join(folder, '.env.staging'), 'LOG_LEVEL=debug\n');
    const env = readEnvironment({ PORT: '' }, folder);
    expect(env).toEqual({ NODE_ENV: 'staging', PORT: '', LOG_LEVEL: 'debug' });
  });

  it('may be missing', () => {
    expect(readEnvironment({ PORT: '1' }, folder)).toEqual({ PORT: '1' });
  });

  it('stop the start when they cannot be read', async () => {
    await mkdir(join(folder, '.env.development'));
    expect(() => readEnvironment({}, folder)).toThrow(
      /\.env\.development cannot be read \(EISDIR\): make it/,
    );
  });

  it('are never chosen by a path in NODE_ENV', async () => {
    await mkdir(join(folder, '.env.'));
    await writeFile(join(folder, '.env.', 'x'), 'PORT=1\n');
    expect(readEnvironment({ NODE_ENV: '/x' }, folder)).toEqual({
      NODE_ENV: '/x',
    });
  });

  it('keep one random secret for development that only its owner may read', async () => {
    const data = join(folder, 'deep', 'data');
    const secrets = await Promise.all(Array.from({ length: 20 }, () => developmentSecret(data)));

    expect(new Set(secrets).size).toBe(1);
    expect(secrets[0]).toMatch(/^[\w-]{64}$/);
    expect(await readdir(data)).toEqual(['dev-secret']);
    await chmod(join(data, 'dev-secret'), 0o644);
    expect(await developmentSecret(data)).toBe(secrets[0]);
    expect((await stat(join(data, 'dev-secret'))).mode & 0o777).toBe(0o600);
    expect((await readFile(join(data, 'dev-secret'), 'utf8')).trim()).toBe(secrets[0]);
  });

  it('say so when the secret for development is damaged', async () => {
    await writeFile(join(folder, 'dev-secret'), 'half');
    await expect(developmentSecret(folder)).rejects.toThrow(/dev-secret is damaged: remove it/);
  });
});

describe('the documentation', () => {
  const names = Object.keys(variables);

  it('names every variable exactly once in .env.example', () => {
    const named = [...renderEnvExample().matchAll(/^#? ?([A-Z][A-Z\d_]*)=/gm)].map((match) => match[1]);
    expect(named).toEqual(names);
  });

  it('names every variable exactly once in docs/configuration.md', () => {
    const named = [...renderConfigurationDoc().matchAll(/^\| `([A-Z\d_]+)` +\|/gm)].map((match) => match[1]);
    expect(named).toEqual(names);
  });

  it('a copied .env.example changes nothing and keeps the built-in database', () => {
    const config = loadConfig(parse(renderEnvExample()));
    expect(config).toEqual(loadConfig({}));
    expect(config).toMatchObject({
      env: 'development',
      mongoUri: undefined,
      jwtSecret: undefined,
    });
  });

  it('shows the values that are in effect in development, and no secret', () => {
    const everyLine = renderEnvExample().replace(/^# (?=[A-Z][A-Z\d_]*=)/gm, '');
    const { MONGO_URI: mongoUri, MONGOD_BINARY: mongodBinary, ...rest } = parse(everyLine);
    expect(loadConfig({ ...rest })).toEqual(loadConfig({}));
    expect(loadConfig({ MONGO_URI: mongoUri, MONGOD_BINARY: mongodBinary })).toMatchObject({
      mongoUri,
      mongodBinary,
    });
    expect(rest).toMatchObject({
      JWT_SECRET: '',
      JWT_REFRESH_SECRET: '',
      PASSWORD_PEPPER: '',
      METRICS_TOKEN: '',
    });
  });

  it('says each thing in one sentence', () => {
    for (const { about } of Object.values(variables)) expect(about).toMatch(/^[A-Z][^.]*(\.\d[^.]*)*\.$/);
  });

  it('every default is a value its own type accepts in every environment', () => {
    for (const env of ['development', 'test']) expect(faultsOf({ NODE_ENV: env })).toEqual([]);
    for (const env of ['staging', 'production'])
      expect(faultsOf({ ...PRODUCTION, NODE_ENV: env })).toEqual([]);
  });
});
