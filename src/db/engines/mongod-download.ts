import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { mongodDownloadFolder, MONGOD_DOWNLOAD_VERSION } from './cache-folder.ts';
import type { FoundEngine, Search } from './engine.ts';
import { reasonOf } from './engine-error.ts';
import { versionOf } from './find-program.ts';
import { mongod } from './mongod.ts';

// The downloader takes some of its settings from the environment only, so it runs in a process of its own.
const SETTINGS = {
  // Its default accepts any certificate, for a program that is then run.
  npm_config_strict_ssl: 'true',
  MONGOMS_MD5_CHECK: '1',
  MONGOMS_PREFER_GLOBAL_PATH: '0',
  // Offline, the first failure is the answer.
  MONGOMS_MAX_RETRIES: '1',
};

const SCRIPT = `
const [library, version, downloadDir, settings] = process.argv.slice(1);
Object.assign(process.env, JSON.parse(settings));
try {
  const { MongoBinary } = await import(library);
  console.error(await MongoBinary.getPath({ version, downloadDir }));
} catch (error) {
  console.error(String(error.message).trim().split('\\n').at(-1));
  process.exitCode = 1;
}`;

/** A real mongod, downloaded by mongodb-memory-server-core the first time; its progress goes to the terminal. */
export async function findDownloadedMongod({ env, report }: Search): Promise<FoundEngine | undefined> {
  try {
    const library = import.meta.resolve('mongodb-memory-server-core');
    const folder = mongodDownloadFolder(env);
    await mkdir(folder, { recursive: true });
    report(`Looking for MongoDB ${MONGOD_DOWNLOAD_VERSION} in ${folder}, or downloading it (once).`);
    const file = await lastErrorLine(library, folder);
    const version = await versionOf(file);
    if (version) return mongod('mongod-downloaded', version, file);
    // A download that was cut off leaves half a program under the final name.
    await rm(file, { force: true });
    throw new Error('the downloaded program cannot be run on this machine');
  } catch (error) {
    report(`MongoDB could not be downloaded: ${reasonOf(error)}.`);
    return undefined;
  }
}

/** Standard output carries the progress, so the path comes back on the other stream. */
function lastErrorLine(library: string, folder: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const values = [library, MONGOD_DOWNLOAD_VERSION, folder, JSON.stringify(SETTINGS)];
    const args = ['--input-type=module', '-e', SCRIPT, ...values];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      const line = text.trim().split('\n').at(-1) ?? '';
      if (code === 0) resolve(line);
      else reject(new Error(line || `exit code ${code}`));
    });
  });
}
