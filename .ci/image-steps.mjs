import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { register } from 'tsx/esm/api';

// Builds and runs the image without a container engine: each step of docker/Dockerfile in an empty folder, from `npm ci`
// on, then the server in production against MONGO_URI, or an embedded database when that is not set.
register();
const { layImage, startImage, untilAnswers } = await import('../test/guards/image-steps.ts');
const { startEmbedded } = await import('../src/db/engines/index.ts');

const folder = await mkdtemp(join(tmpdir(), 'pro-tasker-image-'));
let database;
let running;
try {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  const image = await layImage(folder);
  console.log(`${seconds()}: laid out`);
  if (process.env.MONGO_URI === undefined)
    database = await startEmbedded({
      dataFolder: join(folder, 'database'),
      env: process.env,
      report: console.log,
    });
  const port = process.env.PORT ?? '4077';
  running = startImage(image, {
    PORT: port,
    HOST: '127.0.0.1',
    MONGO_URI: process.env.MONGO_URI ?? database.uri,
    JWT_SECRET: randomBytes(32).toString('base64'),
  });
  for (const path of ['/health/live', '/health/ready', '/api/', '/api/docs']) {
    await untilAnswers(`http://127.0.0.1:${port}${path}`, running);
    console.log(`${seconds()}: ${path} answers 200`);
  }
  if ((await running.health()) !== 0) throw new Error('HEALTHCHECK fails');
  running.kill('SIGTERM');
  const code = await running.ended;
  console.log(`${seconds()}: exit ${code} after SIGTERM`);
  if (code !== 0) throw new Error(running.output());
} finally {
  running?.kill('SIGKILL');
  await database?.stop();
  await rm(folder, { recursive: true, force: true });
}
