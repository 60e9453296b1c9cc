import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import ts from 'typescript';
import { PARSE_KEYS } from '../dialects.ts';
import type { ContenderName } from '../types.ts';

/** Where everything is: the repository, the built product, and a folder for logs that is thrown away. */
export interface Places {
  repository: string;
  product: string;
  scratch: string;
}

/** A contender's process that answers. */
export interface Started {
  pid: number;
  port: number;
  /** Milliseconds from spawn to the first good answer. */
  readyAfter: number;
  stop: () => Promise<void>;
}

/** Connections each contender may open to the database. */
const POOL_SIZE = 50;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's address is never a string
  server.close();
  await once(server, 'close');
  return port;
};

const parseFolder = (places: Places) => join(places.repository, 'bench', 'contenders', 'parse');

/** Where a script of this folder lies when it has been built. */
export const scriptOf = (places: Places, name: string) =>
  join(places.repository, '.cache', 'bench', `${name}.mjs`);

/** Turns a script of this folder into plain JavaScript, so that no TypeScript loader runs in the measured process. */
export const buildScript = async (places: Places, name: string): Promise<void> => {
  const source = await readFile(join(places.repository, 'bench', 'contenders', `${name}.ts`), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  await mkdir(join(places.repository, '.cache', 'bench'), { recursive: true });
  await writeFile(scriptOf(places, name), outputText);
};

/** Installs Parse Server from its own lock file unless it is there; false when that can't be done. */
export const installParse = async (
  places: Places,
  env: NodeJS.ProcessEnv,
  report: (line: string) => void,
): Promise<boolean> => {
  const folder = parseFolder(places);
  if (existsSync(join(folder, 'node_modules', 'parse-server', 'package.json'))) return true;
  report('installing Parse Server (once) …');
  const npm = spawn('npm', ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'], {
    env,
    stdio: 'ignore',
  });
  const [code] = (await once(npm, 'exit')) as [number | null]; // null after a signal
  if (code !== 0)
    report(`Parse Server could not be installed (npm ci ended with ${code}); going on without it`);
  return code === 0;
};

/** How a contender is started. */
export interface Recipe {
  script: (places: Places) => string;
  env: (uri: string, port: number) => Record<string, string>;
  readyPath: string;
  /** Whether this status of `readyPath` is a first good answer. */
  isReady: (status: number) => boolean;
}

const driverEnv = (uri: string, port: number) => ({
  DATABASE_URI: uri,
  PORT: String(port),
  POOL_SIZE: String(POOL_SIZE),
  NODE_ENV: 'production',
});

/** How the contenders of the rates are started. */
export const recipes: Record<ContenderName, Recipe> = {
  product: {
    script: ({ product }) => product,
    env: (uri, port) => ({
      MONGO_URI: uri,
      PORT: String(port),
      NODE_ENV: 'staging',
      JWT_SECRET: randomBytes(48).toString('base64'),
      CORS_ORIGINS: 'http://localhost:5173',
      HOST: '127.0.0.1',
      DB_POOL_SIZE: String(POOL_SIZE),
      RATE_LIMIT_AUTH_PER_MINUTE: '0',
      RATE_LIMIT_PER_MINUTE: '0',
      BCRYPT_COST: '10',
      ACCESS_TOKEN_MINUTES: '600', // no token may expire during a long run
      LOG_LEVEL: 'info',
    }),
    readyPath: '/health/ready',
    isReady: (status) => status === 200,
  },
  limit: {
    script: (places) => scriptOf(places, 'limit'),
    env: driverEnv,
    readyPath: '/api/tasks/000000000000000000000000',
    isReady: (status) => status < 500,
  },
  parse: {
    script: (places) => join(parseFolder(places), 'server.js'),
    env: (uri, port) => ({
      ...driverEnv(uri, port),
      APP_ID: PARSE_KEYS.appId,
      MASTER_KEY: PARSE_KEYS.masterKey,
      PARSE_SERVER_LOGS_FOLDER: 'null',
    }),
    readyPath: '/parse/health',
    isReady: (status) => status === 200,
  },
};

const START_LIMIT = 60_000; // milliseconds
const STOP_LIMIT = 15_000;

/** Starts a contender of the rates; see `startRecipe`. */
export const startContender = (
  name: ContenderName,
  uri: string,
  places: Places,
  env: NodeJS.ProcessEnv,
): Promise<Started> => startRecipe(name, recipes[name], uri, places, env);

/** Starts a contender on a free port, its output in a file, and waits for its first good answer. */
export const startRecipe = async (
  name: string,
  recipe: Recipe,
  uri: string,
  places: Places,
  env: NodeJS.ProcessEnv,
): Promise<Started> => {
  const port = await freePort();
  const logFile = join(places.scratch, `${name}.log`);
  const log = await open(logFile, 'a');
  const from = performance.now();
  const child = spawn(process.execPath, [recipe.script(places)], {
    cwd: places.scratch,
    env: { PATH: env['PATH'], HOME: env['HOME'], ...recipe.env(uri, port) },
    stdio: ['ignore', log.fd, log.fd],
  });
  const ended = once(child, 'exit');
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  void ended.then(() => process.off('exit', killNow));
  await log.close();
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} could not be started`);

  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT);
    await ended;
    clearTimeout(killer);
  };

  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}${recipe.readyPath}`).catch(() => null);
    await response?.arrayBuffer();
    if (response !== null && recipe.isReady(response.status)) break;
    if (child.exitCode !== null || performance.now() - from > START_LIMIT) {
      await stop();
      const tail = (await readFile(logFile, 'utf8')).slice(-2000);
      throw new Error(`${name} did not become ready: ${tail}`);
    }
    await pause(5);
  }
  return { pid, port, readyAfter: performance.now() - from, stop };
};
