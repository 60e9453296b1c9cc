import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { findUserByEmail } from '../../src/features/users/index.ts';
import { operatorConfig, withDatabaseApart, withServer } from '../operator.ts';
import { exportProject } from './export.ts';
import { importProject } from './import.ts';
import { readExported } from './lines.ts';

/** `export PROJECT --out FILE`. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a project with its people and tasks into a file of JSON lines')
    .argument('<project>', 'its key or its id')
    .requiredOption('--out <file>', 'the file to make; nothing may be there yet')
    .action(async (project: string, { out }: { out: string }) => {
      const file = createWriteStream(out, { flags: 'wx', mode: 0o600 });
      await once(file, 'open');
      try {
        const { members, tasks } = await withDatabaseApart(operatorConfig(), ({ client, db }) =>
          exportProject(client, db, project, async (line) => {
            if (!file.write(`${JSON.stringify(line)}\n`)) await once(file, 'drain');
          }),
        );
        file.end();
        await once(file, 'close');
        console.log(`${out}: ${String(members)} members, ${String(tasks)} tasks.`);
      } catch (error) {
        file.destroy();
        await rm(out, { force: true });
        throw error;
      }
    });
}

interface ImportFlags {
  owner: string;
  key?: string;
  unassignUnknown?: true;
  dryRun?: true;
}

/** `import FILE --owner EMAIL`. */
export function importCommand(): Command {
  return new Command('import')
    .description('make a project from a file of export: new ids, the same numbers, order and people')
    .argument('<file>', 'a file that export has made')
    .requiredOption('--owner <email>', 'who is to own it')
    .option('--key <key>', 'another key than the project had')
    .option('--unassign-unknown', 'leave out people who have no account here')
    .option('--dry-run', 'only say what would be done')
    .action(async (path: string, flags: ImportFlags) => {
      if (flags.key !== undefined && !/^[A-Z]{2,10}$/.test(flags.key))
        throw new Error('Give --key 2 to 10 capital letters.');
      const exported = await readExported(createInterface({ input: createReadStream(path) }));
      const report = await withServer(async (deps) => {
        const owner = await findUserByEmail(flags.owner);
        if (owner === null || owner.disabled)
          throw new Error(`Nobody who can log in has the address ${flags.owner}.`);
        return importProject(deps, exported, {
          owner,
          key: flags.key,
          unassignUnknown: flags.unassignUnknown === true,
          dryRun: flags.dryRun === true,
        });
      });
      const { id, key, members, tasks, unassigned, unknown } = report;
      const done = id === undefined ? 'Would import' : 'Imported';
      console.log(
        `${done} ${key}: ${String(members)} members, ${String(tasks)} tasks${id === undefined ? '' : `, id ${id}`}.`,
      );
      if (unknown.length > 0) console.log(`Left out: ${unknown.join(', ')}.`);
      if (unassigned > 0) console.log(`${String(unassigned)} tasks have no assignee any more.`);
    });
}
