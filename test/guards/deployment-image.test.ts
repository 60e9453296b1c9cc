import { randomBytes, randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import mongoose from 'mongoose';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { freePort, temporaryFolder } from '../faults/server-process.ts';
import { layImage, startImage, untilAnswers, type LaidImage, type RunningImage } from './image-steps.ts';

// There is no container engine where the tests run: the steps of the Dockerfile are done in a folder instead.

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let image: LaidImage;
let running: RunningImage | undefined;
let url: string;
let before: string[];
const uri = new URL(inject('databaseUri'));
uri.pathname = `/image-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  folder = await temporaryFolder();
  image = await layImage(folder.path, resolve(import.meta.dirname, '../..'));
  before = await listed();
  const port = String(await freePort());
  url = `http://127.0.0.1:${port}`;
  running = startImage(image, {
    PORT: port,
    HOST: '127.0.0.1',
    MONGO_URI: uri.toString(),
    JWT_SECRET: randomBytes(32).toString('base64'),
  });
  await untilAnswers(`${url}/health/ready`, running);
  // Installing and compiling take half a minute on an idle machine.
}, 300_000);

const listed = (): Promise<string[]> => readdir(image.inside('/app'), { recursive: true });

afterAll(async () => {
  running?.kill('SIGKILL');
  await running?.ended;
  const connection = await mongoose.createConnection(uri.toString()).asPromise();
  await connection.dropDatabase();
  await connection.close();
  await folder.remove();
});

it('the image holds the built server with its production packages and nothing else', async () => {
  expect((await readdir(image.inside('/app'))).sort()).toEqual([
    'LICENSE',
    'dist',
    'node_modules',
    'package.json',
  ]);
  const packages = await readdir(image.inside('/app/node_modules'));
  expect(packages).toEqual(expect.arrayContaining(['express', 'mongoose', 'bcrypt']));
  for (const forDevelopment of ['typescript', 'vitest', 'eslint', 'mongodb-memory-server-core'])
    expect(packages).not.toContain(forDevelopment);
  const built = await readdir(image.inside('/app/dist'), { recursive: true });
  expect(built.filter((path) => /\.(test|fixture)\.|\.env/.test(path))).toEqual([]);
});

it('it serves in production, and its health check says so', async () => {
  for (const path of ['/health/live', '/health/ready', '/api/', '/api/docs', '/api/openapi.json']) {
    const answer = await fetch(url + path);
    expect([path, answer.status]).toEqual([path, 200]);
  }
  expect(await running?.health()).toBe(0);
  // Hashing needs the binary that bcrypt brings along.
  const joined = await fetch(`${url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Ann', email: 'ann@example.com', password: 'correct horse 9 battery' }),
  });
  expect(joined.status).toBe(201);
});

it('it has the operators’ commands', async () => {
  const promoted = await running?.execute('node', 'dist/cli/main.js', 'user', 'promote', 'ann@example.com');
  expect(promoted).toBe(0);
});

it('it writes no file but into the data folder, ends with 0 when told to, and is unhealthy then', async () => {
  running?.kill('SIGTERM');
  expect([await running?.ended, running?.output()]).toEqual([0, expect.stringContaining('"msg":"stopped"')]);
  expect(await running?.health()).toBe(1);
  expect(await listed()).toEqual(before);
  expect(await readdir(image.inside('/data'))).toEqual([]);
});
