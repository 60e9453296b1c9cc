/** Stands for a number in a rehearsal, which takes none; answers show null. */
export const noNumber = 0;
