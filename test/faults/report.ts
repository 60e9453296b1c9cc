import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keptWith, rowsOf, tableOf, type ProofRun } from '../attacks/report.ts';

const page = join(import.meta.dirname, '../../docs/reliability.md');
/** `vitest --mode long` sets it. */
const kind = process.env['MODE'] === 'long' ? 'reliability-long' : 'reliability';
const [begin, end] = [`<!-- ${kind}: written by the proofs -->`, `<!-- end of ${kind} -->`];

/** Keeps the figures of a proof; with `WRITE_REPORTS=1` also writes them into `docs/reliability.md`. */
export function reportProof(run: ProofRun): void {
  const runs = keptWith(run, kind);
  if (runs === undefined) return;
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`${page} has no ${begin} … ${end}`);
  const table = tableOf([['Proof', 'What happens', 'Figures'], ...rowsOf(runs)]);
  writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${after}`);
}
