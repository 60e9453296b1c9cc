/** One instruction of a Dockerfile: its name in capitals, its flags, and the rest on one line. */
export interface Instruction {
  name: string;
  flags: Record<string, string>;
  rest: string;
}

/** What stands between one FROM and the next. */
export interface Stage {
  name: string;
  base: string;
  instructions: Instruction[];
}

/** Reads the stages of a Dockerfile; understands what ours uses, and throws at what it does not. */
export function readDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  for (const line of lines) {
    const instruction = readInstruction(line);
    if (instruction.name === 'FROM') {
      const [, base, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(instruction.rest) ?? [];
      stages.push({ base: base ?? '', name: name ?? String(stages.length), instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`before any FROM: ${line}`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

const understood = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'LABEL', 'HEALTHCHECK', 'CMD'];

function readInstruction(line: string): Instruction {
  const [, name = '', flagText = '', rest = ''] = /^(\w+)((?:\s+--[\w-]+=\S+)*)\s+(.*)$/.exec(line) ?? [];
  if (!understood.includes(name)) throw new Error(`not understood: ${line}`);
  const flags = [...flagText.matchAll(/--([\w-]+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]);
  return { name, flags: Object.fromEntries(flags), rest: rest.trim() };
}

/** The variables that the ENV instructions of a stage set, one an instruction. */
export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = stage.instructions.filter(({ name }) => name === 'ENV').map(({ rest }) => rest.split('='));
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}

/** Where a COPY takes from and puts to. */
export function pathsOf(copy: Instruction): { sources: string[]; target: string } {
  const words = copy.rest.split(/\s+/);
  return { sources: words.slice(0, -1), target: words.at(-1) ?? '' };
}

/** The words of an instruction in its JSON form, such as `CMD ["node", "x.js"]`. */
export function wordsOf(stage: Stage, name: 'CMD' | 'HEALTHCHECK'): string[] {
  const rest = stage.instructions.findLast((instruction) => instruction.name === name)?.rest ?? '[]';
  // The only arrays of ours are lists of words.
  return JSON.parse(rest.replace(/^CMD /, '')) as string[];
}

/** Tells which files of the context a .dockerignore keeps from the builder; the last line that fits decides. */
export function readDockerignore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isKept: line.startsWith('!'), pattern: patternOf(line.replace(/^!/, '')) }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.isKept === false;
}

function patternOf(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const body = escaped.replace(/\*\*\/|\*/g, (star) => (star === '*' ? '[^/]*' : '(?:.*/)?'));
  // A rule for a folder is one for all that is in it.
  return new RegExp(`^${body}(?:/.*)?$`);
}
