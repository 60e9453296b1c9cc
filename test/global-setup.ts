import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../src/db/engines/index.ts';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUri: string;
    databaseEngine: string;
  }
}

/** One embedded database for the whole run, in a folder of its own; every test file has its own database in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_MONGO_URI'];
  if (given !== undefined) {
    project.provide('databaseUri', given);
    project.provide('databaseEngine', 'given');
    return () => Promise.resolve();
  }
  const folder = await mkdtemp(join(tmpdir(), 'pro-tasker-test-'));
  const database = await startEmbedded({
    dataFolder: folder,
    env: process.env,
    report: (line) => {
      console.log(line);
    },
  });
  project.provide('databaseUri', database.uri);
  project.provide('databaseEngine', database.engine);
  return async () => {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
