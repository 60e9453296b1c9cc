import { fallbackPort, variables } from './env.schema.ts';
import type { Environment, Variable } from './variable.ts';

type Row = readonly [name: string, variable: Variable];

const ENVIRONMENTS: readonly Environment[] = ['production', 'staging', 'development', 'test'];
const LIST = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** The text of `.env.example`: every variable commented out, so that a copy changes nothing until it is edited. */
export function renderEnvExample(): string {
  const intro = [
    'Configuration of Pro-Tasker. Copy this file to .env and remove the # in front of what you want to change.',
    'Variables of the real environment win over .env.<NODE_ENV>, which wins over .env.',
    'Keep quotes around values that contain a #.',
  ];
  const groups = groupedRows().map(([group, rows]) =>
    [`# ---- ${group} ----`, ...rows.map(exampleEntry)].join('\n\n'),
  );
  return `${[intro.map((line) => `# ${line}`).join('\n'), ...groups].join('\n\n')}\n`;
}

/** The text of `docs/configuration.md`: one table for each group of variables. */
export function renderConfigurationDoc(): string {
  const intro = [
    '# Configuration',
    '<!-- Generated from src/config/env.schema.ts: change it there. -->',
    'The program is configured by environment variables. Those of the real environment win over `.env.<NODE_ENV>`, ' +
      'which wins over `.env`. An empty value counts as unset, white space around a value is ignored, and an ' +
      'unknown variable is ignored too.',
    'At the start every variable is checked, and all faults are reported together, one sentence each. With ' +
      '`NODE_ENV=production` or `staging` secrets must be long and random, no two may be the same, and ' +
      '`CORS_ORIGINS` must name each origin.',
  ];
  const groups = groupedRows().map(([group, rows]) => `## ${group}\n\n${table(rows.map(documentedCells))}`);
  return `${[...intro, ...groups].join('\n\n')}\n`;
}

function groupedRows(): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of Object.entries<Variable>(variables)) {
    const group = groups.get(row[1].group) ?? [];
    groups.set(row[1].group, [...group, row]);
  }
  return [...groups];
}

function exampleEntry([name, variable]: Row): string {
  const lines = [
    variable.about,
    `Accepts ${acceptedValues(variable)}.`,
    `${variable.default === undefined ? 'Unset' : 'Default'}: ${defaultSentence(variable)}.`,
    `${name}=${exampleValue(variable)}`,
  ];
  return lines.map((line) => `# ${line}`).join('\n');
}

/** The value a developer would see in effect; empty for secrets, so that nobody runs with a published one. */
function exampleValue(variable: Variable): string {
  if (variable.default === undefined) return variable.example ?? '';
  const text = typeof variable.default === 'string' ? variable.default : variable.default.development;
  return text.replace('{PORT}', fallbackPort);
}

function documentedCells([name, variable]: Row): string[] {
  return [`\`${name}\``, variable.about, acceptedValues(variable), defaultSentence(variable)];
}

function acceptedValues(variable: Variable): string {
  return variable.type.description ?? 'any text';
}

function defaultSentence(variable: Variable): string {
  if (variable.default === undefined) {
    const where = variable.required === undefined ? '' : '; required in production and staging';
    return `${variable.whenUnset}${where}`;
  }
  if (typeof variable.default === 'string') return variable.default || 'none';
  return environmentsByDefault(variable.default)
    .map(([text, environments]) => `${text} in ${LIST.format(environments)}`)
    .join('; ');
}

function environmentsByDefault(defaults: Readonly<Record<Environment, string>>): [string, Environment[]][] {
  const texts = new Set(ENVIRONMENTS.map((environment) => defaults[environment]));
  return [...texts].map((text) => [
    text,
    ENVIRONMENTS.filter((environment) => defaults[environment] === text),
  ]);
}

/** A Markdown table with aligned columns, the way the formatter leaves it. */
function table(rows: readonly string[][]): string {
  const cells = [['Variable', 'What it does', 'Accepts', 'Default'], ...rows].map((row) =>
    row.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll('*', String.raw`\*`)),
  );
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
