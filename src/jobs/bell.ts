const listeners = new Set<() => void>();

/** Wakes the workers of this process: there is something to do. */
export function ringBell(): void {
  for (const listener of listeners) listener();
}

/** Hears the bell until the returned function is called. */
export function onBell(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
