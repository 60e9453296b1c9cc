import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { generatedFiles } from './generated-files.ts';

// Writes the files that follow from the sources; with --check it writes nothing, names those that are out of
// date and fails when there are any.
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const root = new URL('../', import.meta.url);
let outOfDate = 0;

for (const { path, text } of generatedFiles()) {
  const place = new URL(path, root);
  const present = await readFile(place, 'utf8').catch(() => undefined);
  if (present === text) continue;
  outOfDate += 1;
  if (values.check) {
    console.error(`${path} is out of date: run npm run generate and commit it.`);
  } else {
    await writeFile(place, text);
    console.log(`wrote ${path}`);
  }
}

if (values.check && outOfDate > 0) process.exitCode = 1;
