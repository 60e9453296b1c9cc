/** Begins a chapter of the story. */
export const chapter = (title: string): void => {
  console.log(`\n== ${title}`);
};

/** Tells one thing that happened. */
export const tell = (line: string): void => {
  console.log(`  ${line}`);
};
