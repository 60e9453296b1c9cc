import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// A cruiser that cannot read TypeScript sees no modules, finds no fault and passes. So what it saw is counted
// against what is there, file by file.
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const roots = ['src', 'cli', 'test', 'bench', 'examples'].filter((root) => existsSync(root));
const files = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
  .map((entry) => `${entry.parentPath}/${entry.name}`);

const cruise = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    ...['--config', '.dependency-cruiser.cjs', '--output-type', 'json'],
    ...roots,
  ],
  { encoding: 'utf8', maxBuffer: 512 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] },
);

let report;
try {
  report = JSON.parse(cruise.stdout);
} catch {
  console.error(`dependency-cruiser gave no report (exit ${cruise.status}).`);
  process.exit(1);
}

const seen = new Set(report.modules.map((module) => module.source));
const unseen = files.filter((file) => !seen.has(file));
const faults = report.summary.violations.filter((violation) => violation.rule.severity === 'error');

for (const { rule, from, to, cycle } of faults) {
  console.error(`${rule.name}: ${[from, ...(cycle?.map((step) => step.name ?? step) ?? [to])].join(' → ')}`);
}
for (const file of unseen) console.error(`not seen by dependency-cruiser: ${file}`);
console.log(
  `dependencies: ${faults.length} violations, ${files.length - unseen.length} of ${files.length} files of src seen`,
);
process.exitCode = faults.length > 0 || unseen.length > 0 || files.length === 0 ? 1 : 0;
