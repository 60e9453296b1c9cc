import { describe, expect, it } from 'vitest';
import { bcryptHasher } from './password-hasher.ts';

const plain = {
  bcryptCost: 4,
  hashQueueLimit: 64,
  passwordPepper: undefined,
  passwordPepperId: undefined,
  passwordPeppersPrevious: [],
};
const first = { ...plain, passwordPepperId: 'p1', passwordPepper: 'the first pepper' };
const second = {
  ...plain,
  passwordPepperId: 'p2',
  passwordPepper: 'the second pepper',
  passwordPeppersPrevious: [{ id: 'p1', secret: 'the first pepper' }],
};

describe('the password hasher', () => {
  it('knows the right password from every other, however long', async () => {
    const { hash, matches } = bcryptHasher(plain);
    const long = 'x'.repeat(150);
    const stored = await hash(`${long}a`);
    expect(await matches(`${long}a`, stored)).toBe(true);
    expect(await matches(`${long}b`, stored)).toBe(false);
    expect(await matches('', stored)).toBe(false);
  });

  it('takes both spellings of a composed character for the same', async () => {
    const { hash, matches } = bcryptHasher(plain);
    expect(await matches('cafe\u0301 au lait', await hash('caf\u00e9 au lait'))).toBe(true);
  });

  it('reads past a zero byte', async () => {
    const { hash, matches } = bcryptHasher(plain);
    expect(await matches('abc\0other', await hash('abc\0secret'))).toBe(false);
  });

  it('says no where nothing is stored, at the same price', async () => {
    const { hash, matches } = bcryptHasher({ ...plain, bcryptCost: 9 });
    const stored = await hash('some password');
    const timed = async (target: typeof stored | null) => {
      const startedAt = performance.now();
      expect(await matches('another password', target)).toBe(false);
      return performance.now() - startedAt;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      known.push(await timed(stored));
      unknown.push(await timed(null));
    }
    const ratio = Math.min(...unknown) / Math.min(...known);
    expect(ratio).toBeGreaterThan(0.7);
    expect(ratio).toBeLessThan(1.4);
  });

  it('still knows passwords of before a pepper was added or rotated, and says that they are outdated', async () => {
    for (const before of [plain, first]) {
      const stored = await bcryptHasher(before).hash('some password');
      const after = bcryptHasher(second);
      expect(await after.matches('some password', stored)).toBe(true);
      expect(after.isCurrent(stored)).toBe(false);
      expect(after.isCurrent(await after.hash('some password'))).toBe(true);
    }
    const cheap = await bcryptHasher(plain).hash('some password');
    expect(bcryptHasher({ ...plain, bcryptCost: 5 }).isCurrent(cheap)).toBe(false);
  });

  it('says no when the pepper of a hash is lost', async () => {
    const stored = await bcryptHasher(first).hash('some password');
    expect(await bcryptHasher(plain).matches('some password', stored)).toBe(false);
  });

  it('turns further passwords away when too many wait', async () => {
    const { hash } = bcryptHasher({ ...plain, bcryptCost: 8, hashQueueLimit: 5 });
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, () => hash('some password')));
    const refused = outcomes.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThanOrEqual(40 - 5 - 3);
    expect(refused[0]?.reason).toMatchObject({ code: 'server.busy', details: { retryAfterSeconds: 2 } });
    expect((await hash('some password')).hash).toMatch(/^\$2b\$08\$/);
  });
});
