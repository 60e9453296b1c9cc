import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The version of the Rust server that the product is developed and tested with. */
export const SECANTUS_RS_VERSION = '0.5.3-beta.196';

/** The version of the Python wheel that a bare machine gets. */
export const SECANTUS_PY_VERSION = '0.7.0b3';

/** The version of the real mongod that is downloaded where nothing is installed. */
export const MONGOD_DOWNLOAD_VERSION = '8.2.6';

/** The environment variables that say where engines are looked for. */
export interface EngineEnv {
  MONGOD_BINARY?: string | undefined;
  PATH?: string | undefined;
  XDG_CACHE_HOME?: string | undefined;
  HOME?: string | undefined;
}

/** The folder that keeps engines between starts: `${XDG_CACHE_HOME:-~/.cache}/pro-tasker`. */
function cacheFolder(env: EngineEnv): string {
  return resolve(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'pro-tasker');
}

/** The `cargo install --root` of the Rust server. */
export function secantusRsFolder(env: EngineEnv): string {
  return join(cacheFolder(env), `secantusd-rs-${SECANTUS_RS_VERSION}`);
}

/** The binary of the Rust server inside the cache folder. */
export function secantusRsBinary(env: EngineEnv): string {
  return join(secantusRsFolder(env), 'bin', executable('secantusd-rs'));
}

/** The private Python environment of the wheel; complete only when `complete` lies in it. */
export function secantusPyFolder(env: EngineEnv): string {
  return join(cacheFolder(env), `secantusd-py-${SECANTUS_PY_VERSION}`);
}

/** The folder of downloaded mongod binaries. */
export function mongodDownloadFolder(env: EngineEnv): string {
  return join(cacheFolder(env), 'mongod');
}

/** A program's file name on this platform. */
export function executable(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}
