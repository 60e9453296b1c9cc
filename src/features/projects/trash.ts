import type { Config } from '../../config/index.ts';

const dayMs = 86_400_000;

/** What was deleted before this moment, project or task, can no longer be restored. */
export const restorableSince = (now: Date, { trashDays }: Pick<Config, 'trashDays'>): Date =>
  new Date(now.getTime() - trashDays * dayMs);

/** Requests that were let in just before the time was over, and clocks that disagree, get this long. */
const graceMs = 3_600_000;

/** What has been in the trash for too long, as a condition that the index of deletion times serves. */
export const expiredTrash = (now: Date, config: Pick<Config, 'trashDays'>) => ({
  deletedAt: { $gt: new Date(0), $lt: new Date(restorableSince(now, config).getTime() - graceMs) },
});
