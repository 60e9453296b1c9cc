import { readFileSync } from 'node:fs';

// Prints the section of one version of the changelog; fails when there is none or it says nothing.
const [version, file = 'CHANGELOG.md'] = process.argv.slice(2);
const sections = readFileSync(file, 'utf8').split(/^(?=## )/m);
const section = sections.find((text) => text.startsWith(`## [${version}]`));
const notes = section?.split('\n').slice(1).join('\n').trim() ?? '';

if (notes === '') {
  console.error(`${file} has no section "## [${version}]" with anything in it.`);
  process.exitCode = 1;
} else {
  console.log(notes);
}
