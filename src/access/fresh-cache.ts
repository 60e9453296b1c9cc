import { LRUCache } from 'lru-cache';

/** Values many readers share; every change drops the entries it concerns at once. */
export interface FreshCache<V extends object> {
  get(key: string): Promise<V | null>;
  /** Forgets the entry, also one that is being looked up right now. */
  drop(key: string): void;
  /** Forgets every entry whose value carries the tag, and whatever is being looked up right now. */
  dropTagged(tag: string): void;
  /** Forgets everything. */
  clear(): void;
}

/** Where values come from and how long they may be believed. */
export interface FreshCacheOptions<V extends object> {
  load(key: string): Promise<V | null>;
  /** What an entry is also found by: the ids it must be dropped with. */
  tagsOf?: (value: V) => readonly string[];
  /** Whether every change so far has been heard of, so that an entry that is still there is right. */
  isFollowed?: () => boolean;
}

const unfollowedMs = 1_000;
const followedMs = 60_000;
const mostEntries = 20_000;

interface Entry<V> {
  value: V | null;
  loadedAt: number;
  tags: readonly string[];
}

interface LookUp<V> {
  entry: Promise<Entry<V>>;
  isStale: boolean;
}

/**
 * Makes a cache over `load`. An entry lives one second, or up to a minute while the changes are followed; null
 * (nothing there) is remembered too. A look-up that a change overtakes is made again.
 */
export function freshCache<V extends object>({
  load,
  tagsOf = () => [],
  isFollowed = () => false,
}: FreshCacheOptions<V>): FreshCache<V> {
  const keysByTag = new Map<string, Set<string>>();
  const lookUps = new Map<string, LookUp<V>>();
  const entries = new LRUCache<string, Entry<V>>({
    max: mostEntries,
    dispose: ({ tags }, key) => {
      for (const tag of tags) untag(keysByTag, tag, key);
    },
  });

  const remember = (key: string, entry: Entry<V>): void => {
    entries.set(key, entry);
    for (const tag of entry.tags) {
      const keys = keysByTag.get(tag);
      if (keys === undefined) keysByTag.set(tag, new Set([key]));
      else keys.add(key);
    }
  };

  const lookUp = (key: string): LookUp<V> => {
    const loadedAt = performance.now();
    const entry = load(key).then((value) => ({
      value,
      loadedAt,
      tags: value === null ? [] : tagsOf(value),
    }));
    const started: LookUp<V> = { entry, isStale: false };
    lookUps.set(key, started);
    const settle = (): boolean => lookUps.get(key) === started && lookUps.delete(key);
    entry.then(
      (loaded) => {
        if (settle()) remember(key, loaded);
      },
      () => {
        settle();
      },
    );
    return started;
  };

  const isRight = ({ loadedAt }: Entry<V>): boolean => {
    const age = performance.now() - loadedAt;
    return age < unfollowedMs || (age < followedMs && isFollowed());
  };

  const forgetLookUps = (): void => {
    for (const one of lookUps.values()) one.isStale = true;
    lookUps.clear();
  };

  return {
    get: async (key) => {
      const known = entries.get(key);
      if (known !== undefined && isRight(known)) return known.value;
      for (;;) {
        const current = lookUps.get(key) ?? lookUp(key);
        const { value } = await current.entry;
        // Dropped while it was being looked up: what was read may be older than the change, so look again.
        if (!current.isStale) return value;
      }
    },
    drop: (key) => {
      entries.delete(key);
      const current = lookUps.get(key);
      if (current === undefined) return;
      current.isStale = true;
      lookUps.delete(key);
    },
    dropTagged: (tag) => {
      for (const key of [...(keysByTag.get(tag) ?? [])]) entries.delete(key);
      // What they will find is not known yet.
      forgetLookUps();
    },
    clear: () => {
      entries.clear();
      forgetLookUps();
    },
  };
}

function untag(keysByTag: Map<string, Set<string>>, tag: string, key: string): void {
  const keys = keysByTag.get(tag);
  keys?.delete(key);
  if (keys?.size === 0) keysByTag.delete(tag);
}
