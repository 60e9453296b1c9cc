import { commitInOneTransaction, OutcomeUnknown, type Statement } from './transaction.ts';

interface Member {
  statements: readonly Statement[];
  resolve(committed: boolean): void;
  reject(reason: unknown): void;
}

/** So many transactions run at once; whoever comes meanwhile forms the next group. */
const lanes = 2;
const mostMembers = 32;

let running = 0;
const waiting: Member[] = [];

/**
 * Commits one request's writes, together with those of others who wait at the same moment: one transaction for all
 * costs little more than one for each. A group that fails is undone as a whole, and each member is tried on its own,
 * so nobody suffers from another's conflict. Answers like `commitInOneTransaction`.
 */
export function commitTogether(statements: readonly Statement[]): Promise<boolean> {
  if (statements.some(({ run }) => typeof run === 'function')) return commitInOneTransaction(statements);
  return new Promise((resolve, reject) => {
    waiting.push({ statements, resolve, reject });
    startGroups();
  });
}

function startGroups(): void {
  while (running < lanes && waiting.length > 0) {
    running += 1;
    void commitGroup(nextGroup()).finally(() => {
      running -= 1;
      startGroups();
    });
  }
}

/** As many as go together: two changes of one document do not, because the second would find it changed. */
function nextGroup(): Member[] {
  const group: Member[] = [];
  const changed = new Set<string>();
  for (let at = 0; at < waiting.length && group.length < mostMembers;) {
    const member = waiting[at];
    const keys = member?.statements.filter(({ guarded }) => guarded).map(({ key }) => key) ?? [];
    if (member === undefined || keys.some((key) => changed.has(key))) {
      at += 1;
      continue;
    }
    for (const key of keys) changed.add(key);
    group.push(member);
    waiting.splice(at, 1);
  }
  return group;
}

async function commitGroup(group: readonly Member[]): Promise<void> {
  if (group.length > 1) {
    try {
      if (await commitInOneTransaction(group.flatMap(({ statements }) => statements))) {
        for (const { resolve } of group) resolve(true);
        return;
      }
    } catch (error) {
      // Perhaps it is all there: writing it again would do everything twice.
      if (error instanceof OutcomeUnknown) {
        for (const { reject } of group) reject(error);
        return;
      }
    }
  }
  await Promise.all(
    group.map(({ statements, resolve, reject }) => commitInOneTransaction(statements).then(resolve, reject)),
  );
}
