import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ENGINE_NAMES } from './engine.ts';
import type { EngineName, FindEngine, FoundEngine, Search } from './engine.ts';
import { EngineError } from './engine-error.ts';
import { findDownloadedMongod } from './mongod-download.ts';
import { findMongod } from './mongod.ts';
import { findSecantusPy, findSecantusRs } from './secantus.ts';

const FINDERS: Record<EngineName, FindEngine> = {
  mongod: findMongod,
  'secantusd-rs': findSecantusRs,
  'mongod-downloaded': findDownloadedMongod,
  'secantusd-py': findSecantusPy,
};

const WAY_TO: Record<EngineName, string> = {
  mongod: 'install MongoDB 8 or set MONGOD_BINARY',
  'secantusd-rs': 'run `npm run db:install`',
  'mongod-downloaded': 'connect to the internet, so that MongoDB can be downloaded',
  'secantusd-py': 'install Python 3.10 to 3.13 with pip',
};

/**
 * The engine for a data folder: the one that made its data, else the first that is to be had.
 *
 * Data never changes its engine by itself. That also holds between the two SecantusDB servers, although they
 * read each other's files: an index made by the Rust server is refused by the wheel when it is declared again.
 */
export async function findEngine(
  root: string,
  search: Search,
  only?: EngineName,
  finders: Record<EngineName, FindEngine> = FINDERS,
): Promise<FoundEngine> {
  const made = ENGINE_NAMES.filter((name) => holdsData(join(root, name)));
  const [keeper, second] = made;
  if (keeper && second) {
    throw new EngineError(
      `${root} holds data of both ${keeper} and ${second}: move away the one that is not wanted.`,
    );
  }
  if (keeper && only && only !== keeper) {
    throw new EngineError(
      `The data in ${root} was made by ${keeper} and not by ${only}: use another data folder.`,
    );
  }
  if (keeper) return keep(keeper, root, search, finders);
  for (const name of only ? [only] : ENGINE_NAMES) {
    const found = await finders[name](search);
    if (found) return found;
  }
  throw new EngineError(
    only
      ? `The database engine ${only} is not to be had here: ${WAY_TO[only]}.`
      : `No database was found: set MONGO_URI, ${WAY_TO.mongod}, ${WAY_TO['secantusd-rs']} (needs cargo), or ${WAY_TO['secantusd-py']}.`,
  );
}

async function keep(
  name: EngineName,
  root: string,
  search: Search,
  finders: Record<EngineName, FindEngine>,
): Promise<FoundEngine> {
  const found = await finders[name](search);
  if (!found) {
    throw new EngineError(
      `The data in ${root} was made by ${name}, which is not to be had any more: ${WAY_TO[name]}, or use another data folder.`,
    );
  }
  if (search.env.MONGOD_BINARY && name !== 'mongod') {
    search.report(`MONGOD_BINARY is not used, because the data in ${root} was made by ${name}.`);
  }
  return found;
}

function holdsData(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
