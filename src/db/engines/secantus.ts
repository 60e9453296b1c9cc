import { join } from 'node:path';
import { secantusPyFolder, secantusRsBinary, SECANTUS_PY_VERSION } from './cache-folder.ts';
import { TRANSACTION_LIFETIME_SECONDS, type FoundEngine, type Search } from './engine.ts';
import { findOnPath, isExecutable, versionOf } from './find-program.ts';
import { installWheel, wheelProgram } from './secantus-wheel.ts';

/** SecantusDB's Rust server, from PATH or from the cache folder. */
export async function findSecantusRs({ env, report }: Search): Promise<FoundEngine | undefined> {
  const cached = secantusRsBinary(env);
  const file =
    (await findOnPath('secantusd-rs', env.PATH)) ?? ((await isExecutable(cached)) ? cached : undefined);
  if (!file) return undefined;
  const version = await versionOf(file);
  if (!version) {
    report(`${file} cannot be run, so it is passed over.`);
    return undefined;
  }
  return secantus('secantusd-rs', version, file);
}

/** SecantusDB's Python server, installed into a private environment the first time. */
export async function findSecantusPy(search: Search): Promise<FoundEngine | undefined> {
  const folder = secantusPyFolder(search.env);
  if (!(await installWheel(folder, search))) return undefined;
  return secantus('secantusd-py', SECANTUS_PY_VERSION, join(folder, wheelProgram('secantusd-py')));
}

function secantus(name: 'secantusd-rs' | 'secantusd-py', version: string, file: string): FoundEngine {
  return {
    name,
    version,
    file,
    args: ({ folder, port, emptyConfig }) => [
      // Without a file of ours the server would read one it happens to find in the home folder.
      ...['--config', emptyConfig],
      ...['--port', String(port)],
      ...['--storage-path', folder],
      // Without it, `kill -9` loses transactions that were already acknowledged.
      '--sync-on-commit',
      ...['--log-level', 'ERROR'],
      ...['--noop-heartbeat-seconds', '10'],
      // A journal file is allocated whole at each start: 16 MB instead of 128 MB halve the time of a restart.
      ...(name === 'secantusd-rs' ? ['--log-file-max', '16MB'] : []),
    ],
    // It presents itself as the primary of a one-node replica set from the first answer on.
    becomeWritable: async (client) => {
      // There is no flag for it. A server that does not know the parameter keeps its own limit.
      await client
        .db('admin')
        .command({ setParameter: 1, transactionLifetimeLimitSeconds: TRANSACTION_LIFETIME_SECONDS })
        .catch(() => undefined);
    },
  };
}
