import { afterAll, beforeAll, describe, it } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { makeCast, type Cast } from '../scene.ts';
import { raceForCreation, raceForRefresh, raceForTransfer } from './races.ts';

const rounds = 20;
const patience = { timeout: 300_000 };

let api: TestApp;
let apps: TestApp[];
let cast: Cast;
beforeAll(async () => {
  api = await startApp({ RATE_LIMIT_PER_MINUTE: '0', RATE_LIMIT_AUTH_PER_MINUTE: '0' });
  apps = [api, await api.second()];
  cast = await makeCast(api);
});
afterAll(() => api.close());

describe('S09: what may happen once happens once, whoever asks at the same moment', () => {
  it('a refresh', patience, () => raceForRefresh(apps, rounds));
  it('a creation under a key', patience, () => raceForCreation(apps, cast, rounds));
  it('a transfer', patience, () => raceForTransfer(apps, cast, rounds));
});
