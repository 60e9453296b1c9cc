import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freshCache } from './fresh-cache.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function counted(isFollowed: () => boolean) {
  let loads = 0;
  const cache = freshCache({
    load: (key: string) => {
      loads += 1;
      return Promise.resolve(key === 'nobody' ? null : { owner: key.slice(0, 3), load: loads });
    },
    tagsOf: ({ owner }) => [owner],
    isFollowed,
  });
  return { cache, loads: () => loads };
}

describe('a cache of what changes', () => {
  it('asks again after a second while nobody tells of changes, and after a minute while somebody does', async () => {
    let isFollowed = false;
    const { cache, loads } = counted(() => isFollowed);
    await cache.get('ada');
    vi.advanceTimersByTime(999);
    await cache.get('ada');
    expect(loads()).toBe(1);
    vi.advanceTimersByTime(2);
    await cache.get('ada');
    expect(loads()).toBe(2);
    isFollowed = true;
    vi.advanceTimersByTime(59_000);
    await cache.get('ada');
    expect(loads()).toBe(2);
    isFollowed = false;
    await cache.get('ada');
    expect(loads()).toBe(3);
    isFollowed = true;
    vi.advanceTimersByTime(61_000);
    await cache.get('ada');
    expect(loads()).toBe(4);
  });

  it('remembers that there is nothing', async () => {
    const { cache, loads } = counted(() => true);
    expect([await cache.get('nobody'), await cache.get('nobody'), loads()]).toEqual([null, null, 1]);
    cache.drop('nobody');
    await cache.get('nobody');
    expect(loads()).toBe(2);
  });

  it('forgets one entry, all with a tag, or everything', async () => {
    const { cache, loads } = counted(() => true);
    const ask = async (): Promise<void> => {
      for (const key of ['ada-1', 'ada-2', 'bob-1']) await cache.get(key);
    };
    await ask();
    cache.drop('ada-1');
    await ask();
    expect(loads()).toBe(4);
    cache.dropTagged('ada');
    await ask();
    expect(loads()).toBe(6);
    cache.dropTagged('eve');
    cache.clear();
    await ask();
    expect(loads()).toBe(9);
  });

  it('shares one look-up, and makes it again when a change overtakes it', async () => {
    const answers: ((value: { say: string }) => void)[] = [];
    const cache = freshCache({
      load: () => new Promise<{ say: string }>((resolve) => answers.push(resolve)),
    });
    for (const forget of [() => cache.drop('key'), () => cache.dropTagged('any'), () => cache.clear()]) {
      answers.length = 0;
      cache.clear();
      const early = [cache.get('key'), cache.get('key')];
      expect(answers).toHaveLength(1);
      forget();
      const late = cache.get('key');
      expect(answers).toHaveLength(2);
      answers[0]?.({ say: 'old' });
      answers[1]?.({ say: 'new' });
      expect(await Promise.all([...early, late])).toEqual([{ say: 'new' }, { say: 'new' }, { say: 'new' }]);
      expect(await cache.get('key')).toEqual({ say: 'new' });
    }
  });

  it('does not remember a failure', async () => {
    let fails = true;
    const cache = freshCache({
      load: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve({ say: 'here' })),
    });
    await expect(cache.get('key')).rejects.toThrow('away');
    fails = false;
    expect(await cache.get('key')).toEqual({ say: 'here' });
  });
});
