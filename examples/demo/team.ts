import type { WorkItem } from './work-items.ts';

/** Who takes part in a project, by name. */
export interface Cast {
  project: string;
  owner: string;
  manager: string;
  members: string[];
}

/** The people and projects of the story, found in the work items. */
export interface Plot {
  people: string[];
  casts: Cast[];
  /** Not in the first project. */
  outsider: string;
  /** Only looks on in the last project. */
  viewer: string;
}

const helpers = ['Zoë Brandt', 'Jörg Müller', 'Ayşe Yılmaz', 'Tomáš Novák', 'Lena Groß', 'Piotr Wójcik'];

/** Hands out the roles: whoever has work in a project is in it, the busiest owns it; at least four people take part. */
export function plotOf(items: readonly WorkItem[]): Plot {
  const casts = [...new Set(items.map((item) => item.project))]
    .sort()
    .map((project) => castOf(project, items));
  const busy = casts.flatMap((cast) => [cast.owner, cast.manager, ...cast.members]);
  const first = casts[0];
  const last = casts.at(-1);
  const outsider = someoneNotIn(first, busy, []);
  const viewer = someoneNotIn(last, busy, first === last ? [outsider] : []);
  const people = [...new Set([...busy, outsider, viewer])];
  const more = helpers.filter((name) => !people.includes(name)).slice(0, Math.max(0, 4 - people.length));
  return { people: [...people, ...more], casts, outsider, viewer };
}

function castOf(project: string, items: readonly WorkItem[]): Cast {
  const count = new Map<string, number>();
  for (const { assignee } of items.filter((item) => item.project === project)) {
    if (assignee !== null) count.set(assignee, (count.get(assignee) ?? 0) + 1);
  }
  const busiest = [...count].sort(([, a], [, b]) => b - a).map(([name]) => name);
  const [owner, manager, ...members] = [...new Set([...busiest, ...helpers.slice(0, 2)])];
  if (owner === undefined || manager === undefined) throw new Error('the helpers are at least two');
  return { project, owner, manager, members: members.filter((name) => count.has(name)) };
}

function someoneNotIn(cast: Cast | undefined, people: readonly string[], others: readonly string[]): string {
  const taken = [cast?.owner, cast?.manager, ...(cast?.members ?? []), ...others];
  const found = [...people, ...helpers, 'Nia Okafor'].find((name) => !taken.includes(name));
  return found ?? 'Somebody Else';
}
