import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from './config.ts';

const SECRET_BYTES = 48;
const SECRET_LENGTH = (SECRET_BYTES / 3) * 4;

/**
 * The base64url text of 48 random bytes kept in `<dataFolder>/dev-secret` (mode 0600), made when it is missing.
 * For machines of developers only; throws a `ConfigError` when the file holds something else.
 */
export async function developmentSecret(dataFolder: string): Promise<string> {
  const path = join(dataFolder, 'dev-secret');
  const kept = (await readKept(path)) ?? (await makeSecret(dataFolder, path));
  if (kept.length !== SECRET_LENGTH || !/^[\w-]+$/.test(kept)) {
    throw new ConfigError([`${path} is damaged: remove it, a new one is made and everyone logs in again.`]);
  }
  await chmod(path, 0o600);
  return kept;
}

async function readKept(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Written aside and linked into place: of several processes one wins and none ever reads half a secret. */
async function makeSecret(dataFolder: string, path: string): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await mkdir(dataFolder, { recursive: true });
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(`${secret}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    return secret;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return (await readFile(path, 'utf8')).trim();
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
