import { isDeepStrictEqual } from 'node:util';
import type { Api } from './api.ts';
import type { Problem, Session } from './answers.ts';
import { snapshotOf, type State } from './state.ts';

/** Reads everything back, logged in anew, and compares field by field; gives the number of differences. */
export async function verify(api: Api, state: State): Promise<number> {
  const tokens = new Map<string, string>();
  for (const { name, email, password } of state.accounts) {
    const { body } = await api<Session>('POST', '/api/auth/login', {
      body: { email, password },
      expect: 200,
    });
    tokens.set(name, body.token);
    console.log(`${body.user.name} logs in again as ${body.user.email}`);
  }
  let differences = 0;
  for (const saved of state.snapshots) {
    const token = tokens.get(saved.owner) ?? '';
    const now = await snapshotOf(api, token, saved.owner, saved.project.id);
    const found = compare(saved, now, saved.project.name);
    for (const line of found) console.error(`DIFFERS ${line}`);
    differences += found.length;
    console.log(
      `"${now.project.name}": ${String(now.members.length)} members, ${String(now.tasks.length)} tasks and ` +
        `${String(now.trash.length)} in the trash read back, ${String(found.length)} differences`,
    );
  }
  const refused = await api<Problem>('POST', '/api/auth/refresh', {
    body: { refreshToken: state.endedRefreshToken },
    expect: 401,
  });
  console.log(`The session that was ended stays so: ${String(refused.body.status)} ${refused.body.code}`);
  return differences;
}

/** Every place where two JSON values differ, in words. */
function compare(saved: unknown, now: unknown, place: string): string[] {
  if (isDeepStrictEqual(saved, now)) return [];
  if (!isNested(saved) || !isNested(now)) {
    return [`${place}: saved ${JSON.stringify(saved)}, now ${JSON.stringify(now)}`];
  }
  const names = new Set([...Object.keys(saved), ...Object.keys(now)]);
  return [...names].flatMap((name) => compare(saved[name], now[name], `${place}/${name}`));
}

const isNested = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
