import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { checkBackup, makeBackup, restoreBackup, type BackupReport } from '../src/db/backup/index.ts';
import { packageInfo } from '../src/package-info.ts';
import { operatorConfig, withDatabaseApart } from './operator.ts';
import { terminalProgress } from './progress.ts';

/** `backup FILE`. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('write everything into one file, as it is at one moment; servers may go on working')
    .argument('<file>', 'the file to make')
    .option('--passphrase-file <file>', 'encrypt it with the passphrase in this file')
    .action(async (path: string, options: { passphraseFile?: string }) => {
      const passphrase = await passphraseIn(options.passphraseFile);
      const progress = terminalProgress();
      const report = await withDatabaseApart(operatorConfig(), ({ client, db }) =>
        makeBackup({ client, db, path, passphrase, progress, version: packageInfo.version }),
      );
      const secrecy = passphrase === undefined ? 'not encrypted' : 'encrypted';
      console.log(
        `${path}: ${summary(report)}, ${megabytes(report.bytes)} MB, ${secrecy}, read by ${report.by}.`,
      );
      for (const thing of report.leftOut) console.log(`Not in it: ${thing}.`);
    });
}

/** `restore FILE`. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('put a backup in the place of the data; stop all servers first')
    .argument('<file>', 'a file that backup has made')
    .option('--replace', 'lose the data that is there')
    .option('--passphrase-file <file>', 'the file with the passphrase of an encrypted backup')
    .option('--keep-sessions', 'restore logins too; without it everyone logs in again')
    .option('--check', 'only read the file to its end and say whether it is whole')
    .action(
      async (
        path: string,
        options: { replace?: true; passphraseFile?: string; keepSessions?: true; check?: true },
      ) => {
        const passphrase = await passphraseIn(options.passphraseFile);
        const progress = terminalProgress();
        if (options.check === true) {
          const report = await checkBackup(path, passphrase, progress);
          console.log(
            `${path} is whole: ${summary(report)}, made at ${report.header.createdAt} by version ${report.header.version}.`,
          );
          return;
        }
        const report = await withDatabaseApart(operatorConfig(), ({ db }) =>
          restoreBackup({
            db,
            path,
            passphrase,
            progress,
            replace: options.replace === true,
            keepSessions: options.keepSessions === true,
          }),
        );
        console.log(`Restored: ${summary(report)}, as of ${report.header.createdAt}. Start the servers now.`);
      },
    );
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

const summary = ({ documents, collections }: Pick<BackupReport, 'documents' | 'collections'>): string =>
  `${String(documents)} documents in ${String(Object.keys(collections).length)} collections`;

const shortest = 12;

async function passphraseIn(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const passphrase = (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  if (passphrase.length < shortest)
    throw new Error(`The passphrase in ${path} is too short: give at least ${String(shortest)} characters.`);
  return passphrase;
}
