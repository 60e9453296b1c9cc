import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runningEmbedded, startEmbedded } from './index.ts';

it('the embedded database of a running server is found by its data folder, and only while it runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pro-tasker-running-'));
  try {
    expect(await runningEmbedded(folder)).toBeUndefined();
    const database = await startEmbedded({ dataFolder: folder, env: process.env, report: () => undefined });
    expect(await runningEmbedded(folder)).toBe(database.uri);
    await database.stop();
    expect(await runningEmbedded(folder)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
