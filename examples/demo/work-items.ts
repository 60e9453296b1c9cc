import { readFile } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { DemoError } from './api.ts';

/** One line of the file, checked as far as a file can be checked without asking the server. */
export interface WorkItem {
  /** Where it stands in the file. */
  line: number;
  project: string;
  title: string;
  description: string;
  status: string;
  priority: string;
  assignee: string | null;
  dueDate: string | null;
}

const columns = ['project', 'title', 'description', 'status', 'priority', 'assignee', 'due_date'] as const;
type Row = Record<(typeof columns)[number], string>;

const statuses = ['backlog', 'todo', 'in_progress', 'in_review', 'done'];
const priorities = ['none', 'low', 'medium', 'high', 'urgent'];
const dueForm = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Reads work items from a CSV file; throws one `DemoError` that lists every fault with its line. */
export async function readWorkItems(file: string): Promise<WorkItem[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new DemoError(`${file} cannot be read: name a CSV file with --csv.`, { cause: error });
  });
  const faults: string[] = [];
  const items = rowsOf(file, text).map((row) => itemOf(row.record, firstLineOf(row), faults));
  if (items.length === 0) faults.push('line 2: there is no work item');
  if (faults.length > 0) throw new DemoError(`${file} has faults:\n  ${faults.join('\n  ')}`);
  return items;
}

interface NumberedRow {
  record: Row;
  raw: string;
  info: { lines: number };
}

/** csv-parse counts to the last line of a row, which can have several; empty lines before it are in `raw` too. */
const firstLineOf = ({ raw, info }: NumberedRow): number => info.lines - raw.trim().split('\n').length + 1;

function rowsOf(file: string, text: string): NumberedRow[] {
  try {
    const rows: unknown = parse(text, {
      bom: true,
      columns: (names: string[]) => checkedColumns(file, names),
      info: true,
      raw: true,
      skip_empty_lines: true,
    });
    // The columns were checked; `info` and `raw` add where a row is and how it was written.
    return rows as NumberedRow[];
  } catch (error) {
    if (error instanceof CsvError) throw new DemoError(`${file} is no CSV: ${error.message}.`);
    throw error;
  }
}

function checkedColumns(file: string, names: string[]): string[] {
  const known: readonly string[] = columns;
  const given = names.map((name) => name.trim().toLowerCase());
  const unknown = given.filter((name) => !known.includes(name));
  const missing = columns.filter((name) => !given.includes(name));
  const faults = [
    ...unknown.map((name) => `line 1: unknown column "${name}"`),
    ...missing.map((name) => `line 1: the column "${name}" is missing`),
  ];
  if (faults.length === 0) return given;
  throw new DemoError(`${file} has faults:\n  ${faults.join('\n  ')}\nColumns: ${columns.join(', ')}`);
}

function itemOf(row: Row, line: number, faults: string[]): WorkItem {
  const complain = (fault: string): void => {
    faults.push(`line ${String(line)}: ${fault}`);
  };
  for (const name of ['project', 'title'] as const) if (row[name].trim() === '') complain(`${name} is empty`);
  const status = row.status === '' ? 'todo' : row.status;
  if (!statuses.includes(status)) complain(`status "${status}" is none of ${statuses.join(', ')}`);
  const priority = row.priority === '' ? 'none' : row.priority;
  if (!priorities.includes(priority)) complain(`priority "${priority}" is none of ${priorities.join(', ')}`);
  const due = row.due_date;
  if (due !== '' && (!dueForm.test(due) || Number.isNaN(Date.parse(due)))) {
    complain(`due_date "${due}" is neither a day (2026-12-31) nor a time with offset (2026-12-31T12:00:00Z)`);
  }
  return {
    line,
    project: row.project.trim(),
    title: row.title,
    description: row.description,
    status,
    priority,
    assignee: row.assignee.trim() || null,
    dueDate: due || null,
  };
}
