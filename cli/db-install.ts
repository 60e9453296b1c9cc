import { spawn } from 'node:child_process';
import { SECANTUS_RS_VERSION, secantusRsBinary, secantusRsFolder } from '../src/db/engines/cache-folder.ts';
import { findOnPath, isExecutable, versionOf } from '../src/db/engines/find-program.ts';

process.exitCode = await installDatabase();

/** Builds the fast embedded database into the cache folder, once; gives the exit code. */
async function installDatabase(): Promise<number> {
  const binary = secantusRsBinary(process.env);
  if ((await isExecutable(binary)) && (await versionOf(binary))) {
    console.log(`secantusd-rs ${SECANTUS_RS_VERSION} is already there: ${binary}`);
    return 0;
  }
  const cargo = await findOnPath('cargo', process.env['PATH']);
  if (!cargo) {
    console.error(
      'cargo was not found, so secantusd-rs cannot be built: install Rust (https://rustup.rs) and run this again.\n' +
        'Without it, npm start installs the slower SecantusDB wheel by itself where Python 3.10 to 3.13 is present.',
    );
    return 1;
  }
  console.log(
    `Building secantusd-rs ${SECANTUS_RS_VERSION} into ${secantusRsFolder(process.env)} (5 to 6 minutes, once).`,
  );
  const code = await build(cargo);
  if (code === 0 && (await versionOf(binary))) {
    console.log(`secantusd-rs ${SECANTUS_RS_VERSION} is ready: ${binary}`);
    return 0;
  }
  console.error(
    'secantusd-rs could not be built: the lines above say why (it needs a C and C++ compiler and cmake).\n' +
      'Without it, npm start installs the slower SecantusDB wheel by itself where Python 3.10 to 3.13 is present.',
  );
  return 1;
}

function build(cargo: string): Promise<number> {
  const args = [
    'install',
    'secantus-mdb',
    '--version',
    SECANTUS_RS_VERSION,
    '--locked',
    '--ignore-rust-version',
  ];
  return new Promise((resolve) => {
    const child = spawn(cargo, [...args, '--root', secantusRsFolder(process.env)], { stdio: 'inherit' });
    child.once('error', () => resolve(1));
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
