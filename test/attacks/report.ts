import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One proof as it ran. */
export interface ProofRun {
  id: string;
  what: string;
  counts: Record<string, number>;
}

const root = join(import.meta.dirname, '../..');
const page = join(root, 'docs/security-tests.md');

/** Keeps the counts of a proof; with `WRITE_REPORTS=1` also writes them into `docs/security-tests.md`. */
export function reportProof(run: ProofRun): void {
  const runs = keptWith(run, 'attacks');
  if (runs !== undefined) writeFileSync(page, pageOf(runs));
}

/** Keeps a proof beside the others of its kind, and gives all; undefined unless reports are written. */
export function keptWith(
  run: ProofRun,
  kind: 'attacks' | 'reliability' | 'reliability-long',
): ProofRun[] | undefined {
  if (process.env['WRITE_REPORTS'] !== '1') return undefined;
  const folder = join(root, 'reports', kind);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${run.id}.json`), JSON.stringify(run));
  // Files run side by side: whoever writes last has all of them before it.
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ProofRun);
}

/** Proofs as the rows of a table: id, what, counts. */
export const rowsOf = (runs: readonly ProofRun[]): string[][] =>
  runs.map(({ id, what, counts }) => {
    const numbers = Object.entries(counts).map(([name, count]) => `${count.toLocaleString('en')} ${name}`);
    return [id, what, numbers.join(', ')];
  });

function pageOf(runs: readonly ProofRun[]): string {
  return `# Security tests

<!-- Written by \`WRITE_REPORTS=1 npx vitest run --project api test/attacks\`: change it in test/attacks. -->

The attacks are generated from the endpoint list, so a new endpoint is attacked or the run fails. A run fails at
the first mismatch; the counts are those of the last run that was written down.

${tableOf([['Proof', 'What it does', 'Counts'], ...rowsOf(runs)])}
`;
}

/** A Markdown table; the first row is its head. */
export function tableOf([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: string[], fill = ' '): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  const rule = line(
    head.map(() => ''),
    '-',
  );
  return [line(head), rule, ...rows.map((row) => line(row))].join('\n');
}
