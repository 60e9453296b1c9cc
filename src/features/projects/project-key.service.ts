import type { Types } from 'mongoose';
import { Problem } from '../../errors/index.ts';
import type { Work } from '../../db/unit-of-work.ts';
import { foldText } from '../../schemas/fold-text.ts';
import { ProjectKeyModel, ProjectModel } from './project.model.ts';

const longest = 10;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A key made from a name: initials of several words, else the beginning of the one. */
function keyFromName(name: string): string {
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

/** The first key that begins like `wanted` and that no project of the owner has, but maybe the excepted one. */
async function freeKey(ownerId: Types.ObjectId, wanted: string, except?: Types.ObjectId): Promise<string> {
  const others = { ownerId, ...(except !== undefined && { _id: { $ne: except } }) };
  const projects = await ProjectModel.find(others).select({ key: 1 }).lean();
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

/**
 * Claims a key for a project of the owner, new or given. Throws `project.key_taken` with a hint when another of the
 * owner's projects has it.
 */
export async function claimKey(
  work: Work,
  ownerId: Types.ObjectId,
  key: string,
  project?: Types.ObjectId,
): Promise<void> {
  const hint = await freeKey(ownerId, key, project);
  if (hint !== key) {
    throw new Problem('project.key_taken', {
      detail: `The owner has a project with the key ${key} already.`,
      hint: `The key ${hint} is free.`,
    });
  }
  insertClaim(work, ownerId, key);
}

/** Claims a free key that begins like the initials of the name, and gives it. */
export async function claimFreeKey(work: Work, ownerId: Types.ObjectId, name: string): Promise<string> {
  const key = await freeKey(ownerId, keyFromName(name));
  insertClaim(work, ownerId, key);
  return key;
}

/** Gives a key up, for another project of the owner to use. */
export function releaseKey(work: Work, ownerId: Types.ObjectId, key: string): void {
  work.deleteWhere(ProjectKeyModel, { _id: claimId(ownerId, key) });
}

/** Of two rivals for one key one looks again, and then finds what the other has made of it. */
function insertClaim(work: Work, ownerId: Types.ObjectId, key: string): void {
  work.insertPlain(ProjectKeyModel, { _id: claimId(ownerId, key) });
  work.onDuplicate(ProjectKeyModel, '_id_', 'retry');
}

const claimId = (ownerId: Types.ObjectId, key: string): string => `${ownerId.toHexString()}/${key}`;
