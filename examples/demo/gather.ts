import { randomBytes } from 'node:crypto';
import { walkList, type Api } from './api.ts';
import type { Member, Project, Session } from './answers.ts';
import type { Account } from './state.ts';
import { chapter, tell } from './story.ts';
import type { Cast, Plot } from './team.ts';

/** The team once everybody is registered and the projects exist. */
export interface Team {
  plot: Plot;
  accounts: Account[];
  projects: { name: string; id: string; key: string; owner: string; manager: string }[];
  token(name: string): string;
  /** The session of a person was prolonged. */
  setToken(name: string, token: string): void;
  userId(name: string): string;
  /** The name behind an id that an answer mentions. */
  nameOf(userId: string): string;
}

/** Everybody registers, then the owners make their projects and add the others. */
export async function gather(api: Api, plot: Plot): Promise<Team> {
  chapter('The team registers');
  const run = randomBytes(4).toString('hex');
  const sessions = new Map<string, Session>();
  const accounts: Account[] = [];
  for (const [index, name] of plot.people.entries()) {
    const account = {
      name,
      email: addressOf(name, index, run),
      password: randomBytes(18).toString('base64url'),
    };
    const { body } = await api<Session>('POST', '/api/auth/register', { body: account, expect: 201 });
    tell(`${body.user.name} has the account ${body.user.email}`);
    accounts.push(account);
    sessions.set(name, body);
  }
  const sessionOf = (name: string): Session => {
    const session = sessions.get(name);
    if (session === undefined) throw new Error(`${name} is not in the plot`);
    return session;
  };
  const team: Team = {
    plot,
    accounts,
    projects: [],
    token: (name) => sessionOf(name).token,
    setToken: (name, token) => {
      sessions.set(name, { ...sessionOf(name), token });
    },
    userId: (name) => sessionOf(name).user.id,
    nameOf: (id) => [...sessions.values()].find(({ user }) => user.id === id)?.user.name ?? id,
  };
  chapter('Projects and who is in them');
  for (const cast of plot.casts) await makeProject(api, team, cast);
  return team;
}

/** Every run has addresses of its own, in a domain that can never receive mail. */
function addressOf(name: string, index: number, run: string): string {
  const letters =
    name
      .normalize('NFKD')
      .toLowerCase()
      .match(/[a-z]+/g) ?? [];
  return `${letters.slice(0, 4).join('').slice(0, 30)}${String(index + 1)}.${run}@demo.example`;
}

async function makeProject(
  api: Api,
  team: Team,
  { project: name, owner, manager, members }: Cast,
): Promise<void> {
  const token = team.token(owner);
  const { body: project } = await api<Project>('POST', '/api/projects', {
    token,
    body: { name },
    expect: 201,
  });
  const roles = [
    { name: manager, role: 'manager' },
    ...members.map((one) => ({ name: one, role: 'member' })),
    ...(name === team.plot.casts.at(-1)?.project ? [{ name: team.plot.viewer, role: 'viewer' }] : []),
  ];
  for (const { name: person, role } of roles) {
    await api<Member>('POST', `/api/projects/${project.id}/members`, {
      token,
      body: { userId: team.userId(person), role },
      expect: 201,
    });
  }
  team.projects.push({ name, id: project.id, key: project.key, owner, manager });
  const people = await walkList<Member>(api, token, `/api/projects/${project.id}/members`);
  tell(`${project.key} "${project.name}": ${people.map((one) => `${one.name} (${one.role})`).join(', ')}`);
}
