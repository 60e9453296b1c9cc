const everyMs = { terminal: 100, log: 10_000 };

/** Tells on standard error how far something is: a bar on a terminal, elsewhere a line now and then. */
export function terminalProgress(
  out: NodeJS.WriteStream = process.stderr,
): (stage: string, done: number, total: number) => void {
  let last = { stage: '', at: performance.now() };
  return (stage, done, total) => {
    const now = performance.now();
    const isOver = done >= total;
    const isNew = stage !== last.stage;
    const isTerminal = out.isTTY;
    if (!isTerminal && !isOver && isNew) last = { stage, at: now };
    if (!isOver && now - last.at < (isTerminal ? everyMs.terminal : everyMs.log)) return;
    if (isOver && last.stage === `${stage}.`) return;
    last = { stage: isOver ? `${stage}.` : stage, at: now };
    out.write(
      isTerminal
        ? `\r\u001b[K${line(stage, done, total)}${isOver ? '\n' : ''}`
        : `${line(stage, done, total)}\n`,
    );
  };
}

const width = 24;

function line(stage: string, done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.round(share * width);
  const bar = '#'.repeat(filled) + '.'.repeat(width - filled);
  return `${stage.padEnd(18)} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}
