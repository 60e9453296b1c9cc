import { walkList, type Api } from './api.ts';
import type { Problem, Task } from './answers.ts';
import type { Cards } from './cards.ts';
import type { Team } from './gather.ts';
import { chapter, tell } from './story.ts';

const shown = 3;

/** Searching by words and by key, and what is overdue. */
export async function findings(api: Api, team: Team, { project, third }: Cards): Promise<void> {
  chapter('Finding things');
  const token = team.token(project.owner);
  for (const q of ['uber time', third.key]) {
    const found = await walkList<Task>(api, token, `/api/tasks?q=${encodeURIComponent(q)}`);
    tell(`search "${q}": ${found.map((task) => `${task.key} "${task.title}"`).join(', ')}`);
  }
  const late = await walkList<Task>(api, token, '/api/tasks?overdue=true&sort=dueDate');
  tell(
    `${String(late.length)} open tasks are overdue for ${project.owner}${late.length > 0 ? ', the oldest:' : ''}`,
  );
  for (const task of late.slice(0, shown)) {
    tell(`  ${task.dueDate ?? ''}  ${task.key} "${task.title}"`);
  }
}

/** A task goes to the trash and stays, another comes back; then a whole project goes and comes back. */
export async function trashAndBack(api: Api, team: Team, { project, first, third }: Cards): Promise<void> {
  chapter('Trash and back');
  const token = team.token(project.owner);
  for (const { id } of [first, third]) await api('DELETE', `/api/tasks/${id}`, { token, expect: 204 });
  const gone = await api<Problem>('GET', `/api/tasks/${first.id}`, { token, expect: 404 });
  const trash = await walkList<Task>(api, token, `/api/tasks?projectId=${project.id}&deleted=true`);
  tell(
    `in the trash: ${trash.map((task) => task.key).join(', ')}; reading one gives ${String(gone.body.status)}`,
  );
  const back = await api<Task>('POST', `/api/tasks/${first.id}/restore`, { token, expect: 200 });
  tell(`${back.body.key} is back in ${back.body.status}, version ${String(back.body.version)}`);
  await api('DELETE', `/api/projects/${project.id}`, { token, expect: 204 });
  const hidden = await api<Problem>('GET', `/api/tasks/${first.id}`, { token, expect: 404 });
  tell(`the whole project by mistake: its tasks give ${String(hidden.body.status)} ${hidden.body.code}`);
  const restored = await api<{ name: string; version: number }>(
    'POST',
    `/api/projects/${project.id}/restore`,
    {
      token,
      expect: 200,
    },
  );
  const tasks = await walkList<Task>(api, token, `/api/tasks?projectId=${project.id}`);
  tell(`"${restored.body.name}" is back with ${String(tasks.length)} tasks`);
}
