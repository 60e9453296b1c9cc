import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { z } from 'zod';
import type { SiteRole } from '../src/access/index.ts';
import { Problem } from '../src/errors/index.ts';
import { createAccount, setPassword } from '../src/features/auth/index.ts';
import { findUserByEmail, promoteUser, setDisabled, type StoredUser } from '../src/features/users/index.ts';
import { EmailAddress, PersonName } from '../src/features/users/user.schema.ts';
import { faultWords } from '../src/http/fault-words.ts';
import { packageInfo } from '../src/package-info.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { configCommand, openApiCommand } from './describe.ts';
import { doctorCommand } from './doctor/command.ts';
import { followersCommand } from './followers.ts';
import { jobsCommand } from './jobs.ts';
import { asOperator } from './operator.ts';
import { exportCommand, importCommand } from './transfer/commands.ts';

const program = new Command('pro-tasker').description('The operator’s commands').version(packageInfo.version);
const user = program.command('user').description('accounts');

user
  .command('create <email>')
  .description(
    'make an account, also while registration is closed; prints a password unless one comes on standard input',
  )
  .requiredOption('--name <name>', 'the person’s name')
  .option('--admin', 'make the account an administrator')
  .option('--password-stdin', 'read the password from standard input')
  .action(async (email: string, options: { name: string; admin?: true; passwordStdin?: true }) => {
    const person = newPerson(email, options.name);
    const password = await chosenPassword(options.passwordStdin);
    const roles: SiteRole[] = options.admin === true ? ['admin'] : [];
    await asOperator((ctx) => createAccount(ctx, { ...person, roles }, password.text));
    say(`${email} has an account${options.admin === true ? ' and is an administrator' : ''}.`, password);
  });

user
  .command('promote <email>')
  .description('make a user an administrator')
  .action(async (email: string) => {
    await asOperator(async (ctx) => promoteUser(ctx, await existing(email)));
    console.log(`${email} is an administrator.`);
  });

for (const [name, disabled, outcome] of [
  ['disable', true, 'is shut out; their sessions count no more'],
  ['enable', false, 'may log in'],
] as const) {
  user
    .command(`${name} <email>`)
    .description(disabled ? 'shut a user out' : 'let a user in again')
    .action(async (email: string) => {
      await asOperator(async (ctx) => setDisabled(ctx, await existing(email), disabled));
      console.log(`${email} ${outcome}.`);
    });
}

user
  .command('reset-password <email>')
  .description(
    'give a user a new password and end their sessions; prints it unless one comes on standard input',
  )
  .option('--password-stdin', 'read the password from standard input')
  .action(async (email: string, options: { passwordStdin?: true }) => {
    const password = await chosenPassword(options.passwordStdin);
    await asOperator(async (ctx) =>
      setPassword(ctx, (await existing(email))._id.toHexString(), password.text),
    );
    say(`${email} has a new password; all sessions have ended.`, password);
  });

const Person = z.strictObject({ email: EmailAddress, name: PersonName });

/** What the API would accept too: an address that logging in refuses would be of no use. */
function newPerson(email: string, name: string): z.output<typeof Person> {
  const read = Person.safeParse({ email, name });
  if (read.success) return read.data;
  const errors = read.error.issues.map((issue) => ({
    pointer: `/${issue.path.join('/')}`,
    detail: `${issue.path.join(' ')} ${faultWords(issue, '')}`,
  }));
  throw new Problem('request.invalid', { errors });
}

interface Password {
  text: string;
  made: boolean;
}

async function chosenPassword(fromInput: true | undefined): Promise<Password> {
  if (fromInput !== true) return { text: randomBytes(15).toString('base64url'), made: true };
  let text = '';
  for await (const part of process.stdin) text += String(part);
  return { text: text.replace(/\r?\n$/, ''), made: false };
}

function say(sentence: string, password: Password): void {
  console.log(sentence);
  if (password.made) console.log(`Password: ${password.text}`);
}

async function existing(email: string): Promise<StoredUser> {
  const found = await findUserByEmail(email);
  if (found === null) throw new Problem('user.not_found', { detail: `Nobody has the address ${email}.` });
  return found;
}

program.addCommand(followersCommand());
program.addCommand(jobsCommand());
program.addCommand(backupCommand());
program.addCommand(restoreCommand());
program.addCommand(doctorCommand());
program.addCommand(configCommand());
program.addCommand(openApiCommand());
program.addCommand(exportCommand());
program.addCommand(importCommand());

await program.parseAsync().catch((error: unknown) => {
  const faults = error instanceof Problem ? (error.details.errors ?? []).map((fault) => fault.detail) : [];
  console.error([error instanceof Error ? error.message : String(error), ...faults].join('\n  - '));
  process.exitCode = 1;
});
