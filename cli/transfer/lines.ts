import { z } from 'zod';
import { statusCategories } from '../../src/access/index.ts';
import { ProjectCreate } from '../../src/features/projects/project.schema.ts';
import { rankForm } from '../../src/features/tasks/rank.ts';
import { TaskCreate } from '../../src/features/tasks/task.schema.ts';

// An exported project is one JSON object a line: the project, its members, its tasks by their numbers, the end.

const Moment = z.iso.datetime();
const Email = z.string().min(3).max(320);

const { name, description, key, status } = ProjectCreate.shape;
const ProjectLine = z.strictObject({
  type: z.literal('project'),
  format: z.literal(1),
  key: key.unwrap(),
  name,
  description,
  status,
  statuses: z
    .array(
      z.strictObject({
        key: z.string().min(1).max(50),
        name: z.string().min(1).max(200),
        category: z.enum(statusCategories),
        color: z.string().regex(/^#[0-9a-f]{6}$/i),
      }),
    )
    .min(1)
    .max(100),
  createdAt: Moment,
});

const MemberLine = z.strictObject({
  type: z.literal('member'),
  email: Email,
  name: z.string(),
  role: z.enum(['owner', 'manager', 'member', 'viewer']),
  since: Moment,
});

const { title, description: text, priority, dueDate } = TaskCreate.shape;
const TaskLine = z.strictObject({
  type: z.literal('task'),
  number: z.int().min(1).max(9_999_999_999),
  title,
  description: text,
  status: z.string(),
  priority,
  dueDate,
  rank: z.string().regex(rankForm),
  /** By e-mail addresses; null when nobody, or nobody who still has an account. */
  assignee: Email.nullable(),
  createdBy: Email.nullable(),
  completedAt: Moment.nullable(),
  deletedAt: Moment.nullable(),
  createdAt: Moment,
  updatedAt: Moment,
});

const EndLine = z.strictObject({ type: z.literal('end'), members: z.int(), tasks: z.int() });

/** A line of an exported project. */
export const Line = z.discriminatedUnion('type', [ProjectLine, MemberLine, TaskLine, EndLine]);

/** A line of an exported project, read. */
export type Line = z.output<typeof Line>;

/** The first line. */
export type ProjectLine = z.output<typeof ProjectLine>;

/** A line about somebody in the project. */
export type MemberLine = z.output<typeof MemberLine>;

/** A line about a task. */
export type TaskLine = z.output<typeof TaskLine>;

/** A whole exported project. */
export interface Exported {
  project: ProjectLine;
  members: MemberLine[];
  tasks: TaskLine[];
}

const mostFaults = 20;

/** Reads and judges every line. Throws one error that names the first faults by their lines. */
export async function readExported(lines: AsyncIterable<string>): Promise<Exported> {
  const faults: string[] = [];
  let project: ProjectLine | undefined;
  let end: z.output<typeof EndLine> | undefined;
  const members: MemberLine[] = [];
  const tasks: TaskLine[] = [];
  let at = 0;
  for await (const text of lines) {
    at += 1;
    if (text.trim() === '') continue;
    const line = judged(text, (fault) => faults.push(`line ${String(at)}: ${fault}`));
    if (line?.type === 'project' && project === undefined) project = line;
    else if (line?.type === 'member') members.push(line);
    else if (line?.type === 'task') tasks.push(line);
    else if (line?.type === 'end') end = line;
    else if (line !== undefined) faults.push(`line ${String(at)}: is a second project`);
    if (faults.length >= mostFaults) break;
  }
  if (faults.length === 0) faults.push(...wholeFaults(project, members, tasks, end));
  if (project === undefined || faults.length > 0)
    throw new Error(['The file cannot be imported:', ...faults].join('\n  - '));
  return { project, members, tasks };
}

function judged(text: string, complain: (fault: string) => void): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    complain('is no JSON');
    return undefined;
  }
  const { success, data, error } = Line.safeParse(value);
  if (success) return data;
  for (const issue of error.issues) complain(`${issue.path.join('.') || 'the line'}: ${issue.message}`);
  return undefined;
}

function wholeFaults(
  project: ProjectLine | undefined,
  members: readonly MemberLine[],
  tasks: readonly TaskLine[],
  end: z.output<typeof EndLine> | undefined,
): string[] {
  if (project === undefined) return ['there is no line of type project'];
  if (end === undefined) return ['the last line is missing: the file was cut off'];
  const faults: string[] = [];
  if (end.members !== members.length || end.tasks !== tasks.length)
    faults.push(
      `the last line speaks of ${String(end.members)} members and ${String(end.tasks)} tasks, and there are ${String(members.length)} and ${String(tasks.length)}`,
    );
  if (new Set(tasks.map(({ number }) => number)).size < tasks.length)
    faults.push('two tasks have the same number');
  const statuses = new Set(project.statuses.map((one) => one.key));
  const strange = tasks.find((task) => !statuses.has(task.status));
  if (strange !== undefined)
    faults.push(
      `task ${String(strange.number)} has the status ${strange.status}, which the project does not have`,
    );
  return faults;
}
