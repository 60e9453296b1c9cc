import { execFile } from 'node:child_process';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SECANTUS_PY_VERSION } from './cache-folder.ts';
import type { Search } from './engine.ts';
import { reasonOf } from './engine-error.ts';
import { takeLock } from './file-lock.ts';
import { findOnPath, isExecutable, outputOf } from './find-program.ts';

const run = promisify(execFile);
const INSTALL_LIMIT_MS = 300_000;
const PYTHONS = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python'];
const FITS = 'import sys, venv, ensurepip; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else 1)';

/** A program of the private environment, relative to its folder. */
export function wheelProgram(name: string): string {
  return process.platform === 'win32' ? join('Scripts', `${name}.exe`) : join('bin', name);
}

/** Makes the private environment of the wheel complete; false when that cannot be done here. */
export async function installWheel(folder: string, { env, report }: Search): Promise<boolean> {
  if (await isComplete(folder)) return true;
  const python = await findPython(env.PATH);
  if (!python) {
    report('No Python 3.10 to 3.13 with venv was found, so the SecantusDB wheel cannot be installed.');
    return false;
  }
  try {
    await mkdir(dirname(folder), { recursive: true });
    const lock = await waitForLock(`${folder}.lock`, report);
    try {
      if (!(await isComplete(folder))) await install(python, folder, report);
    } finally {
      lock.release();
    }
    return true;
  } catch (error) {
    const reason = reasonOf(error).trim().split('\n').at(-1);
    report(`SecantusDB ${SECANTUS_PY_VERSION} could not be installed with pip: ${reason}`);
    return false;
  }
}

async function install(python: string, folder: string, report: Search['report']): Promise<void> {
  // An environment cannot be moved once made, so a marker, written last, tells a whole one from a half.
  await rm(folder, { recursive: true, force: true });
  report(`Making a private Python environment for the database in ${folder} (once, a few seconds).`);
  await run(python, ['-m', 'venv', folder], { timeout: INSTALL_LIMIT_MS });
  report(`Installing SecantusDB ${SECANTUS_PY_VERSION} with pip (once, seconds).`);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--retries',
    '1',
  ];
  await run(join(folder, wheelProgram('python')), [...pip, `SecantusDB==${SECANTUS_PY_VERSION}`], {
    timeout: INSTALL_LIMIT_MS,
  });
  await writeFile(markerOf(folder), `${SECANTUS_PY_VERSION}\n`);
}

async function waitForLock(path: string, report: Search['report']): Promise<{ release(): void }> {
  for (let told = false; ; told = true) {
    const taken = takeLock(path);
    if ('lock' in taken) return taken.lock;
    if (!told) report(`Waiting for process ${taken.heldBy.pid}, which installs the same database.`);
    await sleep(200);
  }
}

async function findPython(path: string | undefined): Promise<string | undefined> {
  for (const name of PYTHONS) {
    const python = await findOnPath(name, path);
    if (python && (await outputOf(python, ['-c', FITS])) !== undefined) return python;
  }
  return undefined;
}

async function isComplete(folder: string): Promise<boolean> {
  const marked = await stat(markerOf(folder)).catch(() => undefined);
  // A Python that was upgraded or removed leaves an environment whose program points nowhere.
  return marked !== undefined && (await isExecutable(join(folder, wheelProgram('python'))));
}

function markerOf(folder: string): string {
  return join(folder, 'complete');
}
