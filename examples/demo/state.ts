import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { walkList, DemoError, type Api } from './api.ts';
import type { Project } from './answers.ts';

/** An account of the demo; the password is random and only good for this account. */
export interface Account {
  name: string;
  email: string;
  password: string;
}

/** One project as its owner sees it: every field of every answer. */
export interface Snapshot {
  owner: string;
  project: Project;
  members: unknown[];
  tasks: unknown[];
  trash: unknown[];
}

/** What a later run compares with. */
export interface State {
  accounts: Account[];
  snapshots: Snapshot[];
  /** Of a session that was ended: it must stay so. */
  endedRefreshToken: string;
}

/** Reads a project whole: itself, its people, its tasks and its trash. */
export async function snapshotOf(api: Api, token: string, owner: string, id: string): Promise<Snapshot> {
  const { body: project } = await api<Project>('GET', `/api/projects/${id}`, { token, expect: 200 });
  return {
    owner,
    project,
    members: await walkList(api, token, `/api/projects/${id}/members`),
    tasks: await walkList(api, token, `/api/tasks?projectId=${id}&sort=number`),
    trash: await walkList(api, token, `/api/tasks?projectId=${id}&sort=number&deleted=true`),
  };
}

/** Writes the state for `--verify`, readable by this user only. */
export async function saveState(file: string, state: State): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(state, null, 2), { mode: 0o600 });
}

/** Reads what a run of the demo saved. */
export async function loadState(file: string): Promise<State> {
  try {
    // Only `saveState` writes this file.
    return JSON.parse(await readFile(file, 'utf8')) as State;
  } catch (error) {
    throw new DemoError(`${file} cannot be read: run the demo without --verify first.`, { cause: error });
  }
}
