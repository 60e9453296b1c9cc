import type { Types } from 'mongoose';
import { Problem } from '../../errors/index.ts';
import type { Work } from '../../db/unit-of-work.ts';
import { foldText } from '../../schemas/fold-text.ts';
import { ProjectModel } from './project.model.ts';

const longest = 10;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A key made from a name: initials of several words, else the beginning of the one. */
export function keyFromName(name: string): string {
  const words =
    foldText(name)
      .toUpperCase()
      .match(/[A-Z]+/g) ?? [];
  const initials = words
    .map((word) => word.charAt(0))
    .join('')
    .slice(0, 4);
  const candidate = initials.length >= 2 ? initials : (words[0] ?? '').slice(0, 3);
  return candidate.length >= 2 ? candidate : `${candidate}PR`.slice(0, 2);
}

/** The first free key of an owner that begins like `wanted`. */
export async function freeKey(ownerId: Types.ObjectId, wanted: string): Promise<string> {
  const projects = await ProjectModel.find({ ownerId }).select({ key: 1 }).lean();
  const taken = new Set(projects.map((project) => project.key));
  if (!taken.has(wanted)) return wanted;
  for (let length = 1; ; length += 1) {
    for (const suffix of suffixes(length)) {
      const key = wanted.slice(0, longest - length) + suffix;
      if (!taken.has(key)) return key;
    }
  }
}

function* suffixes(length: number): Generator<string> {
  if (length === 0) {
    yield '';
    return;
  }
  for (const rest of suffixes(length - 1)) for (const letter of letters) yield rest + letter;
}

/** Refuses a key its owner uses already, with a hint; the unique index decides between rivals. */
export async function claimKey(work: Work, ownerId: Types.ObjectId, key: string): Promise<void> {
  const hint = await freeKey(ownerId, key);
  const taken = (): Problem =>
    new Problem('project.key_taken', {
      detail: `The owner has a project with the key ${key} already.`,
      hint: `The key ${hint} is free.`,
    });
  if (hint !== key) throw taken();
  work.onDuplicate('ownerId_1_key_1', taken);
}
