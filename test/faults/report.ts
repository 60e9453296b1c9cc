import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableOf, type ProofRun } from '../attacks/report.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'reports/reliability');
const page = join(root, 'docs/reliability.md');
const [begin, end] = ['<!-- figures: written by the proofs -->', '<!-- end of the figures -->'];

/** Keeps the figures of a proof; with `WRITE_REPORTS=1` also writes them into `docs/reliability.md`. */
export function reportProof(run: ProofRun): void {
  if (process.env['WRITE_REPORTS'] !== '1') return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${run.id}.json`), JSON.stringify(run));
  // Files run side by side: whoever writes last has all of them before it.
  const rows = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ProofRun)
    .map(({ id, what, counts }) => [
      id,
      what,
      Object.entries(counts)
        .map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
        .join(', '),
    ]);
  const text = readFileSync(page, 'utf8');
  const [before = '', rest = ''] = text.split(begin);
  const [, after = ''] = rest.split(end);
  const table = tableOf([['Proof', 'What happens', 'Figures'], ...rows]);
  writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${after}`);
}
