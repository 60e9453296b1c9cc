/** An answer that is JSON text already; `Shape` is what reading it would give. */
export interface JsonText<Shape> {
  /** The text in UTF-8. */
  readonly json: Buffer;
  /** Never there: it only carries the type. */
  readonly shape?: Shape;
}

const written = new WeakSet<object>();

/** Marks bytes as JSON text of a shape; who writes the bytes vouches for it. */
export function jsonText<Shape>(json: Buffer): JsonText<Shape> {
  const text: JsonText<Shape> = { json };
  written.add(text);
  return text;
}

/** Whether an answer is JSON text already. A body that merely looks like one is none. */
export const isJsonText = (body: unknown): body is JsonText<unknown> =>
  typeof body === 'object' && body !== null && written.has(body);
