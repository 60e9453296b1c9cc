import type { QueryFilter } from 'mongoose';
import type { KnownProject } from '../../access/index.ts';
import type { StoredTask } from './task.model.ts';
import { wordsOf } from './task-words.ts';

/** What a search text asks for: conditions that all must hold, and the projects they can hold in. */
export interface Search {
  projects: KnownProject[];
  conditions: QueryFilter<StoredTask>[];
}

const keyForm = /^([A-Za-z]{2,10})-(\d{1,10})$/;

/**
 * Reads a search text. A word of the form WEB-12 that names a visible project is a task key and matches numbers
 * that begin so; every other word matches the beginning of a word of the title.
 */
export function readSearch(text: string, visible: KnownProject[]): Search {
  const search: Search = { projects: visible, conditions: [] };
  for (const token of text.split(/\s+/)) {
    const [, prefix, digits] = keyForm.exec(token) ?? [];
    const keyed = visible.filter((project) => project.key === prefix?.toUpperCase());
    if (digits !== undefined && keyed.length > 0) {
      search.projects = search.projects.filter((project) => keyed.includes(project));
      search.conditions.push(numberBeginning(digits));
    } else {
      search.conditions.push(...wordsOf(token).map(wordBeginning));
    }
  }
  // A text without a single word, such as `.*`, is in no title: it finds nothing rather than everything.
  if (search.conditions.length === 0) search.projects = [];
  return search;
}

/** Words are letters and digits only, so the pattern holds nothing of the client's but these. */
const wordBeginning = (word: string): QueryFilter<StoredTask> => ({ words: new RegExp(`^${word}`) });

/** Numbers that begin with the digits, as ranges an index can walk: 12, 120–129, 1200–1299 and so on. */
function numberBeginning(digits: string): QueryFilter<StoredTask> {
  const first = Number(digits);
  if (digits.startsWith('0')) return { number: -1 };
  const ranges = Array.from({ length: 10 - digits.length + 1 }, (_, zeros) => ({
    number: { $gte: first * 10 ** zeros, $lt: (first + 1) * 10 ** zeros },
  }));
  return { $or: ranges };
}
