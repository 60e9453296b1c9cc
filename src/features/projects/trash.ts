const keptDays = 30;

/** A project deleted before this moment can no longer be restored. */
export const restorableSince = (now: Date): Date => new Date(now.getTime() - keptDays * 86_400_000);
