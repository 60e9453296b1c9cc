import { inParallel, walkList, DemoError, type Api } from './api.ts';
import type { Project, Task } from './answers.ts';
import type { Team } from './gather.ts';
import { chapter, tell } from './story.ts';
import type { WorkItem } from './work-items.ts';

const width = 8;

/** Creates a task for every work item, eight requests at a time, then reads the boards. */
export async function importItems(api: Api, team: Team, items: readonly WorkItem[]): Promise<void> {
  chapter('The work items are imported');
  const startedAt = performance.now();
  const tasks = await inParallel(items, width, (item) => importOne(api, team, item));
  const seconds = (performance.now() - startedAt) / 1000;
  tell(
    `${String(tasks.length)} tasks made in ${seconds.toFixed(1)} s, from ${keyOf(tasks[0])} to ${keyOf(tasks.at(-1))}`,
  );
  for (const { id, owner } of team.projects) {
    const token = team.token(owner);
    const { body: project } = await api<Project>('GET', `/api/projects/${id}`, { token, expect: 200 });
    const board = await walkList<Task>(api, token, `/api/tasks?projectId=${id}&sort=rank`);
    const columns = project.statuses.map(
      ({ key, name }) => `${name} ${String(board.filter((task) => task.status === key).length)}`,
    );
    tell(`${project.key} now: ${columns.join(', ')}`);
  }
}

const keyOf = (task: Task | undefined): string => task?.key ?? 'none';

async function importOne(api: Api, team: Team, item: WorkItem): Promise<Task> {
  const project = team.projects.find((one) => one.name === item.project);
  if (project === undefined) throw new Error(`the plot has no project ${item.project}`);
  const body = {
    projectId: project.id,
    title: item.title,
    description: item.description,
    status: item.status,
    priority: item.priority,
    assigneeId: item.assignee === null ? null : team.userId(item.assignee),
    dueDate: item.dueDate,
  };
  try {
    return (await api<Task>('POST', '/api/tasks', { token: team.token(project.owner), body, expect: 201 }))
      .body;
  } catch (error) {
    if (!(error instanceof DemoError)) throw error;
    throw new DemoError(`The work item of line ${String(item.line)}: ${error.message}`, { cause: error });
  }
}
