import type { Config } from '../../config/index.ts';

const dayMs = 86_400_000;

/** A project deleted before this moment can no longer be restored. */
export const restorableSince = (now: Date, { trashDays }: Pick<Config, 'trashDays'>): Date =>
  new Date(now.getTime() - trashDays * dayMs);
