import { LRUCache } from 'lru-cache';

/** Values looked up at most once a second: many readers share one look-up, a change drops its entry at once. */
export interface FreshCache<V extends object> {
  get(key: string): Promise<V | null>;
  /** Forgets the entry, also one that is being looked up right now. */
  drop(key: string): void;
}

const freshForMs = 1_000;
const mostEntries = 20_000;
const nothing = Symbol('nothing');

/** Makes a cache over `load`; entries live one second, and null (nothing there) is remembered too. */
export function freshCache<V extends object>(load: (key: string) => Promise<V | null>): FreshCache<V> {
  const cache = new LRUCache<string, V | typeof nothing>({
    max: mostEntries,
    ttl: freshForMs,
    ignoreFetchAbort: false,
    fetchMethod: async (key) => (await load(key)) ?? nothing,
  });
  const get = async (key: string): Promise<V | null> => {
    for (;;) {
      try {
        const value = await cache.fetch(key);
        return value === undefined || value === nothing ? null : value;
      } catch (error) {
        // Dropped while it was being looked up: what was read may be stale, so look again.
        if (error instanceof Error && error.message === 'deleted') continue;
        throw error;
      }
    }
  };
  return {
    get,
    drop: (key) => {
      cache.delete(key);
    },
  };
}
