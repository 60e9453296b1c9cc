import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  environmentOf,
  pathsOf,
  readDockerfile,
  readDockerignore,
  wordsOf,
  type Stage,
} from './dockerfile.ts';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
/** The user of the image, when we may become it. */
const asImageUser = isRoot ? { uid: 1000, gid: 1000 } : {};

/** Folders that stand for the file systems of an image's stages. */
export interface LaidImage {
  final: Stage;
  /** The place of a path of the image in its last stage. */
  inside(path: string): string;
}

/**
 * Does by hand, in an empty folder, what a builder does with docker/Dockerfile, with the Node and npm that run now.
 * With `installed`, the development packages are linked from there instead of installed a second time.
 */
export async function layImage(folder: string, installed?: string): Promise<LaidImage> {
  const stages = readDockerfile(await readFile(join(root, 'docker/Dockerfile'), 'utf8'));
  const isIgnored = readDockerignore(await readFile(join(root, '.dockerignore'), 'utf8'));
  await chmod(folder, 0o755);
  const tools = await standIns(join(folder, 'tools'));
  const inside = (stage: string, path: string, workdir = '/'): string =>
    join(folder, 'stages', stage, resolve(workdir, path));

  for (const stage of stages) {
    let workdir = '/';
    await mkdir(inside(stage.name, '/'), { recursive: true });
    for (const instruction of stage.instructions) {
      if (instruction.name === 'WORKDIR') {
        workdir = resolve(workdir, instruction.rest);
        await mkdir(inside(stage.name, workdir), { recursive: true });
      }
      if (instruction.name === 'COPY') {
        const { sources, target } = pathsOf(instruction);
        const { from } = instruction.flags;
        for (const source of sources) {
          const origin = from === undefined ? join(root, source) : inside(from, source);
          const isFolder = target.endsWith('/') && !(await isDirectory(origin));
          const place = inside(stage.name, isFolder ? join(target, source) : target, workdir);
          await mkdir(dirname(place), { recursive: true });
          const filter = (path: string): boolean => from !== undefined || !isIgnored(relative(root, path));
          if (!filter(origin)) throw new Error(`.dockerignore keeps ${source} from COPY`);
          await cp(origin, place, { recursive: true, verbatimSymlinks: true, filter });
        }
      }
      if (instruction.name === 'RUN') {
        const cwd = inside(stage.name, workdir);
        if (installed !== undefined && /^npm ci\b.*--include=dev/.test(instruction.rest)) {
          await symlink(join(installed, 'node_modules'), join(cwd, 'node_modules'));
          continue;
        }
        const command = instruction.rest.replace(/(?<=\s)\/(?=\w)/g, inside(stage.name, '/'));
        await run('sh', ['-euc', command], { cwd, env: builderEnvironment(tools) });
      }
    }
  }
  const final = stages.at(-1);
  if (final === undefined) throw new Error('docker/Dockerfile has no stage');
  return { final, inside: (path) => inside(final.name, path) };
}

async function isDirectory(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  );
}

/** Only root may give a file away: for others a `chown` that does nothing stands in. */
async function standIns(folder: string): Promise<string> {
  await mkdir(folder);
  if (!isRoot) await writeFile(join(folder, 'chown'), '#!/bin/sh\n', { mode: 0o755 });
  return folder;
}

/** The builder knows nothing of what runs the tests. */
function builderEnvironment(tools: string): NodeJS.ProcessEnv {
  const foreign = /^(NODE_ENV|NODE_OPTIONS|VITEST.*|npm_(lifecycle|package)_.*|npm_config_(local_)?prefix)$/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(own),
    PATH: [tools, process.env['PATH']].join(delimiter),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
  };
}

/** A container that runs, but for the container. */
export interface RunningImage {
  output(): string;
  ended: Promise<number | string>;
  /** The exit code of the image's HEALTHCHECK. */
  health(): Promise<number>;
  /** The exit code of another command in the same place. */
  execute(...words: string[]): Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts CMD with the variables of the image and `env`, nothing else; where we are root, as the user of the image. */
export function startImage({ final, inside }: LaidImage, env: Record<string, string>): RunningImage {
  const workdir = final.instructions.findLast(({ name }) => name === 'WORKDIR')?.rest ?? '/';
  const set = environmentOf(final);
  const all = { ...set, DATA_DIR: inside(set['DATA_DIR'] ?? '/data'), ...env };
  const start = (words: string[]) =>
    // Every command of ours begins with the word node.
    spawn(process.execPath, words.slice(1), {
      cwd: inside(workdir),
      env: all,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...asImageUser,
    });
  const execute = async (...words: string[]): Promise<number> => {
    const [code] = await once(start(words), 'close');
    return Number(code);
  };
  const child = start(wordsOf(final, 'CMD'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    ended: once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string),
    health: () => execute(...wordsOf(final, 'HEALTHCHECK')),
    execute,
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Waits until the address answers 200; throws what the process said when it ends or the time is over. */
export async function untilAnswers(url: string, image: RunningImage, withinMs = 30_000): Promise<void> {
  let isOver = false;
  void image.ended.then(() => {
    isOver = true;
  });
  const giveUpAt = performance.now() + withinMs;
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (isOver || performance.now() > giveUpAt) throw new Error(`no answer from ${url}: ${image.output()}`);
    await sleep(100);
  }
}
