import type { Api } from './api.ts';
import type { Changed, Task } from './answers.ts';
import type { Team } from './gather.ts';
import { chapter, tell } from './story.ts';

/** The three tasks the rest of the day is about, in the first project. */
export interface Cards {
  project: Team['projects'][number];
  first: Task;
  second: Task;
  third: Task;
}

/** The owner of the first project writes three cards. */
export async function writeCards(api: Api, team: Team): Promise<Cards> {
  chapter('Three new cards');
  const [project] = team.projects;
  if (project === undefined) throw new Error('the plot has no project');
  const write = async (title: string): Promise<Task> => {
    const { body } = await api<Task>('POST', '/api/tasks', {
      token: team.token(project.owner),
      body: { projectId: project.id, title, assigneeId: team.userId(project.manager) },
      expect: 201,
    });
    tell(`${body.key} "${body.title}" for ${team.nameOf(body.assigneeId ?? '')}, ${body.status}`);
    return body;
  };
  return {
    project,
    first: await write('Hotfix: the tunnel ends rides, übergangsweise ein längerer Timeout'),
    second: await write('Tell the riders of this morning'),
    third: await write('Post-mortem on Friday'),
  };
}

/** Two people change one card from the same version: the second learns what changed and tries again. */
export async function sharedEdit(api: Api, team: Team, { project, first }: Cards): Promise<void> {
  chapter('Two people edit one card');
  const path = `/api/tasks/${first.id}`;
  const manager = await api<Task>('PATCH', path, {
    token: team.token(project.manager),
    ifMatch: first.version,
    body: { priority: 'urgent', dueDate: '2027-01-15' },
    expect: 200,
  });
  tell(
    `${project.manager} sets priority ${manager.body.priority}, due ${manager.body.dueDate ?? 'never'}: ` +
      `version ${String(manager.body.version)}, ETag ${manager.headers.get('etag') ?? 'missing'}`,
  );
  const token = team.token(project.owner);
  const edit = { description: 'Steps:\n1. ride through the tunnel\n2. wait' };
  const stale = await api<Changed>('PATCH', path, { token, ifMatch: first.version, body: edit, expect: 412 });
  const { status, code, version, changedFields, changes } = stale.body;
  const by = [...new Set(changes.map((change) => team.nameOf(change.by)))].join(', ');
  tell(
    `${project.owner} still has version ${String(first.version)}: ${String(status)} ${code}, it is ${String(version)} now; ` +
      `${by} changed ${changedFields.join(', ')}`,
  );
  const { body: fresh } = await api<Task>('GET', path, { token, expect: 200 });
  const { body: saved } = await api<Task>('PATCH', path, {
    token,
    ifMatch: fresh.version,
    body: edit,
    expect: 200,
  });
  tell(`read again and saved: version ${String(saved.version)}, priority still ${saved.priority}`);
}

/** Cards are dragged; the column is read back in its order. */
export async function boardWork(
  api: Api,
  team: Team,
  { project, first, second, third }: Cards,
): Promise<void> {
  chapter('Cards move');
  const token = team.token(project.manager);
  const move = async (task: Task, body: object): Promise<void> => {
    const moved = await api<Task>('POST', `/api/tasks/${task.id}/move`, { token, body, expect: 200 });
    tell(`${moved.body.key} is in ${moved.body.status} with the rank ${moved.body.rank}`);
  };
  await move(first, { status: 'in_progress' });
  await move(second, { status: 'in_progress', before: first.id });
  await move(third, { status: 'in_progress', after: second.id });
  const column = `/api/tasks?projectId=${project.id}&status=in_progress&sort=-rank&limit=3`;
  const { body: page } = await api<{ items: Task[] }>('GET', column, { token, expect: 200 });
  tell(
    `the end of the column: ${page.items
      .map((task) => task.key)
      .reverse()
      .join(', ')}`,
  );
  const done = await api<Task>('PATCH', `/api/tasks/${second.id}`, {
    token,
    body: { status: 'done' },
    expect: 200,
  });
  tell(`${done.body.key} is ${done.body.status} since ${done.body.completedAt ?? 'never'}`);
}
