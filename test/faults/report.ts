import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptWith, rowsOf, tableOf, type ProofRun } from '../attacks/report.ts';

const page = join(import.meta.dirname, '../../docs/reliability.md');
const [begin, end] = ['<!-- figures: written by the proofs -->', '<!-- end of the figures -->'];

/** Keeps the figures of a proof; with `WRITE_REPORTS=1` also writes them into `docs/reliability.md`. */
export function reportProof(run: ProofRun): void {
  const runs = keptWith(run, 'reliability');
  if (runs === undefined) return;
  const text = readFileSync(page, 'utf8');
  const [before = '', rest = ''] = text.split(begin);
  const [, after = ''] = rest.split(end);
  const table = tableOf([['Proof', 'What happens', 'Figures'], ...rowsOf(runs)]);
  writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${after}`);
}
