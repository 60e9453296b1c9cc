/** The embedded database cannot be had; the message is one sentence that says what to do. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
}

/** The text of whatever was thrown, for use inside another sentence. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
