import { Command } from 'commander';
import { examine } from './examine.ts';
import type { Finding, Verdict } from './finding.ts';

/** `doctor`. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('look at configuration, database and data; exit code 1 when something is at fault')
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { json?: true }) => {
      const findings = await examine(process.env);
      console.log(json === true ? JSON.stringify(findings, null, 2) : inWords(findings));
      if (findings.some(({ verdict }) => verdict === 'fault')) process.exitCode = 1;
    });
}

const marks: Record<Verdict, string> = { ok: 'ok', warning: 'warning', fault: 'FAULT' };
const columns = [9, 15] as const;

function inWords(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, verdict, seen, advice }) => [
    `${marks[verdict].padEnd(columns[0])}${check.padEnd(columns[1])}${seen}`,
    ...(advice === undefined ? [] : [`${' '.repeat(columns[0] + columns[1])}→ ${advice}`]),
  ]);
  const count = (verdict: Verdict): number => findings.filter((one) => one.verdict === verdict).length;
  return [...lines, '', `${String(count('fault'))} faults, ${String(count('warning'))} warnings.`].join('\n');
}
