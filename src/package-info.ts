import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Beside the sources it is one folder up, beside the built files two.
const nearest = ['../package.json', '../../package.json'].find((path) =>
  existsSync(fileURLToPath(new URL(path, import.meta.url))),
);

/** Name and version of this build. */
export const packageInfo = createRequire(import.meta.url)(nearest ?? '../package.json') as {
  name: string;
  version: string;
};
