import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RefreshTokenModel, type StoredRefreshToken } from '../../src/features/auth/refresh-token.model.ts';
import { ProjectModel } from '../../src/features/projects/project.model.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { SessionModel } from '../../src/features/users/session.model.ts';
import { startApp, type Answer, type TestApp } from '../app.ts';
import { reportProof } from '../faults/report.ts';
import { eventsAbout, makeCast, makeProject, type Cast } from '../scene.ts';

const rivals = 50;

/** Sends the same thing so many times at once, in turn to both processes. */
const atOnce = (apps: readonly TestApp[], ask: (app: TestApp) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(
    Array.from({ length: rivals }, (_, turn) => {
      const app = apps[turn % apps.length];
      return app === undefined ? Promise.reject(new Error('no process')) : ask(app);
    }),
  );

const statuses = (answers: readonly Answer[]): number[] => [...new Set(answers.map(({ status }) => status))];

/** A refresh token sent many times at once: within the grace all go on in one session, and after it the session ends. */
async function raceForRefresh(apps: readonly TestApp[], rounds: number): Promise<void> {
  const [api] = apps;
  if (api === undefined) return;
  for (let round = 0; round < rounds; round += 1) {
    const person = await api.register();
    const sending = { body: { refreshToken: person.refreshToken } };
    const answers = await atOnce(apps, (app) => app.request('POST', '/api/auth/refresh', sending));
    expect(statuses(answers)).toEqual([200]);
    // One family: every new token is of the one session there is, and the old one is burnt once.
    const sessions = await SessionModel.find({ userId: person.user.id }).lean();
    expect(sessions).toHaveLength(1);
    const tokens = await RefreshTokenModel.find({ sessionId: String(sessions[0]?._id) }).lean<
      StoredRefreshToken[]
    >();
    expect(tokens).toHaveLength(rivals + 1);
    expect(tokens.filter(({ usedAt }) => usedAt !== null)).toHaveLength(1);
  }
  // After the grace the token counts as stolen, and the whole family ends.
  const thief = await api.register();
  const again = { body: { refreshToken: thief.refreshToken } };
  await api.request('POST', '/api/auth/refresh', again);
  api.clock.advance(11_000);
  const late = await atOnce(apps, (app) => app.request('POST', '/api/auth/refresh', again));
  expect(statuses(late)).toEqual([401]);
  expect((await api.request('GET', '/api/users/me', { token: thief.token })).status).toBe(401);
  reportProof({
    id: 'S09 refresh',
    what: 'One refresh token, 50 at once over two instances: one session, siblings only within the grace',
    counts: { rounds: rounds + 1, requests: (rounds + 1) * rivals, 'second families': 0 },
  });
}

/** One key, 50 at once: one task, one event, one answer. */
async function raceForCreation(apps: readonly TestApp[], cast: Cast, rounds: number): Promise<void> {
  const [api] = apps;
  if (api === undefined) return;
  const projectId = String((await makeProject(api, cast)).id);
  for (let round = 0; round < rounds; round += 1) {
    const title = randomUUID();
    const sending = {
      token: cast.member.token,
      body: { projectId, title },
      headers: { 'idempotency-key': title },
    };
    const answers = await atOnce(apps, (app) => app.request('POST', '/api/tasks', sending));
    expect(statuses(answers)).toEqual([201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    expect(await TaskModel.countDocuments({ title })).toBe(1);
    expect(await eventsAbout(String(answers[0]?.body.id))).toHaveLength(1);
  }
  reportProof({
    id: 'S09 create',
    what: 'One task with one key, 50 at once over two instances: one effect, one answer',
    counts: { rounds, requests: rounds * rivals, 'second effects': 0 },
  });
}

/** A project handed over to two heirs at once, 25 times each: it goes to one of them, once. */
async function raceForTransfer(apps: readonly TestApp[], cast: Cast, rounds: number): Promise<void> {
  const [api] = apps;
  if (api === undefined) return;
  for (let round = 0; round < rounds; round += 1) {
    // An heir may have no project with the same key.
    const key = Array.from(randomBytes(8), (byte) => String.fromCharCode(65 + (byte % 26))).join('');
    const { id } = await makeProject(api, cast, { key });
    const heirs = [cast.manager.user.id, cast.member.user.id];
    let turn = 0;
    const answers = await atOnce(apps, (app) => {
      turn += 1;
      return app.request('POST', `/api/projects/${String(id)}/transfer`, {
        token: cast.owner.token,
        body: { userId: heirs[Math.floor(turn / 2) % 2] },
      });
    });
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200 && status !== 403)).toEqual([]);
    const project = await ProjectModel.findOne({ _id: id }).lean();
    const owners = (project?.members ?? []).filter(({ role }) => role === 'owner');
    expect(owners.map(({ userId }) => String(userId))).toEqual([String(project?.ownerId)]);
    expect(answers.find(({ status }) => status === 200)?.body.ownerId).toBe(String(project?.ownerId));
    const told = (await eventsAbout(String(id))).filter(({ changes }) =>
      changes.some(({ field, from }) => field === 'ownerId' && from !== null),
    );
    expect(told).toHaveLength(1);
  }
  reportProof({
    id: 'S09 transfer',
    what: 'One project handed to two heirs, 50 at once over two instances: one new owner',
    counts: { rounds, requests: rounds * rivals, 'second owners': 0 },
  });
}

/** Tests every race, so many rounds each, over two instances. */
export function describeRaces(rounds: number, patience: { timeout: number }): void {
  let api: TestApp;
  let apps: TestApp[];
  let cast: Cast;
  beforeAll(async () => {
    api = await startApp({
      RATE_LIMIT_PER_MINUTE: '0',
      RATE_LIMIT_AUTH_PER_MINUTE: '0',
      // No token may expire during a long run.
      ACCESS_TOKEN_MINUTES: '600',
    });
    apps = [api, await api.second()];
    cast = await makeCast(api);
  });
  afterAll(() => api.close());

  describe('S09: what may happen once happens once, whoever asks at the same moment', () => {
    it('a refresh', patience, () => raceForRefresh(apps, rounds));
    it('a creation under a key', patience, () => raceForCreation(apps, cast, rounds));
    it('a transfer', patience, () => raceForTransfer(apps, cast, rounds));
  });
}
