import type { Api } from './api.ts';
import type { Denied, Problem, Session, Task } from './answers.ts';
import type { Cards } from './cards.ts';
import type { Team } from './gather.ts';
import { chapter, tell } from './story.ts';

interface OpenSession {
  id: string;
  current: boolean;
  createdAt: string;
}

/** A stranger sees nothing; a viewer sees, but may not change. */
export async function refusals(api: Api, team: Team, { project, first }: Cards): Promise<void> {
  chapter('Who may do what');
  const { outsider, viewer } = team.plot;
  const hidden = { token: team.token(outsider), expect: 404 };
  const noProject = await api<Problem>('GET', `/api/projects/${project.id}`, hidden);
  const noTask = await api<Problem>('GET', `/api/tasks/${first.id}`, hidden);
  tell(
    `${outsider} is not in ${project.key}: ${String(noProject.body.status)} ${noProject.body.code}, ` +
      `${String(noTask.body.status)} ${noTask.body.code}`,
  );
  const watched = team.projects.at(-1)?.id ?? '';
  const token = team.token(viewer);
  const list = `/api/tasks?projectId=${watched}&limit=1`;
  const [task] = (await api<{ items: Task[] }>('GET', list, { token, expect: 200 })).body.items;
  if (task === undefined) throw new Error('the project has no task');
  const { body } = await api<Denied>('PATCH', `/api/tasks/${task.id}`, {
    token,
    body: { priority: 'low' },
    expect: 403,
  });
  tell(
    `${viewer} may only ${task.can.join(', ')} on ${task.key}: ${String(body.status)} ${body.code}, ` +
      `${body.permission} belongs to ${body.roles.join(', ')}`,
  );
}

/** A lost phone is logged out, and a session is prolonged; gives the refresh token of the ended session. */
export async function sessions(api: Api, team: Team): Promise<string> {
  chapter('Sessions');
  const [account] = team.accounts;
  if (account === undefined) throw new Error('the plot has no people');
  const { name, email, password } = account;
  const { body: phone } = await api<Session>('POST', '/api/auth/login', {
    body: { email, password },
    expect: 200,
  });
  const open = await api<{ items: OpenSession[] }>('GET', '/api/auth/sessions', {
    token: phone.token,
    expect: 200,
  });
  const lost = open.body.items.find((session) => session.current);
  tell(`${phone.user.name} logs in on a phone and has ${String(open.body.items.length)} sessions`);
  await api('DELETE', `/api/auth/sessions/${lost?.id ?? ''}`, { token: team.token(name), expect: 204 });
  const refused = await api<Problem>('GET', '/api/users/me', { token: phone.token, expect: 401 });
  tell(
    `the phone is lost, its session ended: its next request gets ${String(refused.body.status)} ${refused.body.code}`,
  );
  const again = await api<Session>('POST', '/api/auth/login', { body: { email, password }, expect: 200 });
  const { body: renewed } = await api<Session>('POST', '/api/auth/refresh', {
    body: { refreshToken: again.body.refreshToken },
    expect: 200,
  });
  team.setToken(name, renewed.token);
  const { body: me } = await api<Session['user']>('GET', '/api/users/me', {
    token: renewed.token,
    expect: 200,
  });
  tell(`a refresh gives a token for ${String(renewed.expiresIn)} s, and it is ${me.name}'s`);
  return phone.refreshToken;
}
