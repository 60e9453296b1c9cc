import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ConfigError, loadConfig, readEnvironment } from '../src/config/index.ts';
import { openApiDocument } from '../src/http/openapi.ts';
import { packageInfo } from '../src/package-info.ts';
import { routes } from '../src/routes.ts';

/** `config check`. */
export function configCommand(): Command {
  const config = new Command('config').description('the configuration');
  config
    .command('check')
    .description('say every fault of the configuration, as a start of the server would; touches no database')
    .action(() => {
      try {
        const { env, roles, publicUrl, mongoUri } = loadConfig(readEnvironment(process.env));
        const database = mongoUri === undefined ? 'the embedded database' : 'the database of MONGO_URI';
        console.log(
          `The configuration is sound: ${env}, ${roles.join(' and ')}, at ${publicUrl}, with ${database}.`,
        );
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        console.error(error.message);
        process.exitCode = 1;
      }
    });
  return config;
}

/** `openapi [FILE]`. */
export function openApiCommand(): Command {
  return new Command('openapi')
    .description('write the description of the API, to standard output unless a file is named')
    .argument('[file]', 'the file to write')
    .option('--server <url>', 'the address that the description names', '/api')
    .action(async (file: string | undefined, { server }: { server: string }) => {
      const document = openApiDocument(routes, { version: packageInfo.version, serverUrl: server });
      const text = `${JSON.stringify(document, null, 2)}\n`;
      if (file === undefined) process.stdout.write(text);
      else await writeFile(file, text);
    });
}
