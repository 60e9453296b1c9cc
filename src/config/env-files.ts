import { resolve } from 'node:path';
import { config as readEnvFile } from 'dotenv';
import { ConfigError } from './config.ts';
import { variables } from './env.schema.ts';

type Env = Record<string, string | undefined>;

/**
 * A new object of `env`, completed by `.env.<NODE_ENV>` and then `.env` of `folder`; the first that names a
 * variable wins, even with an empty value. Missing files are fine, unreadable ones throw a `ConfigError`.
 */
export function readEnvironment(env: Readonly<Env>, folder = '.'): Env {
  const common = readFile(resolve(folder, '.env'));
  // NODE_ENV may stand in .env itself; only known names become part of a path.
  const named = env['NODE_ENV']?.trim() || common['NODE_ENV']?.trim() || variables.NODE_ENV.default;
  const environment = variables.NODE_ENV.type.safeParse(named);
  const specific = environment.success ? readFile(resolve(folder, `.env.${environment.data}`)) : {};
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
  return { ...common, ...specific, ...given };
}

function readFile(path: string): Env {
  const target: Env = {};
  // Each option is spelled out because dotenv takes those left out from DOTENV_* variables of the process.
  const options = {
    quiet: true,
    debug: false,
    override: false,
    fast: false,
    encoding: 'utf8',
  };
  const { error } = readEnvFile({
    ...options,
    path: [path],
    processEnv: target,
  });
  if (error && error.code !== 'ENOENT') {
    throw new ConfigError([
      `${path} cannot be read (${error.code}): make it a file this user may read or remove it.`,
    ]);
  }
  return target;
}
