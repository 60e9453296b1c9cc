import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankAtEnd, rankBetween, rankForm } from './rank.ts';

const counters = fc.integer({ min: 1, max: 1_000_000_000 });

describe('a rank', () => {
  it('lies strictly between its neighbours', () => {
    fc.assert(
      fc.property(counters, counters, fc.array(fc.boolean(), { maxLength: 40 }), (one, other, path) => {
        fc.pre(one !== other);
        let low = rankAtEnd(Math.min(one, other));
        let high = rankAtEnd(Math.max(one, other));
        for (const goesUp of path) {
          const middle = rankBetween(low, high);
          expect(low < middle && middle < high).toBe(true);
          if (goesUp) low = middle;
          else high = middle;
        }
      }),
    );
  });

  it('can always be made before the first', () => {
    let first = rankAtEnd(1);
    for (let move = 0; move < 300; move += 1) {
      const earlier = rankBetween(undefined, first);
      expect(earlier < first).toBe(true);
      first = earlier;
    }
  });

  it('is behind all others when appended, however the others were placed', () => {
    fc.assert(
      fc.property(counters, fc.array(fc.nat(), { maxLength: 60 }), (start, places) => {
        const ranks = [rankAtEnd(start), rankAtEnd(start + 1)];
        for (const place of places) {
          const at = place % ranks.length;
          if (at === 0) ranks.unshift(rankBetween(undefined, ranks[0] ?? ''));
          else ranks.splice(at, 0, rankBetween(ranks[at - 1], ranks[at] ?? ''));
        }
        const appended = rankAtEnd(start + 2);
        expect(ranks.every((rank) => rank < appended)).toBe(true);
      }),
    );
  });

  it('keeps one order and stays short over 5,000 insertions at random places', () => {
    const ranks: string[] = [];
    let counter = 0;
    for (let insertion = 0; insertion < 5_000; insertion += 1) {
      const at = Math.floor(Math.random() * (ranks.length + 1));
      const next = ranks[at];
      if (next === undefined) ranks.push(rankAtEnd((counter += 1)));
      else ranks.splice(at, 0, rankBetween(ranks[at - 1], next));
    }
    expect([...ranks].sort()).toEqual(ranks);
    expect(new Set(ranks).size).toBe(5_000);
    expect(Math.max(...ranks.map((rank) => rank.length))).toBeLessThanOrEqual(32);
  });

  it('grows by at most one character for two moves into the very same gap', () => {
    const low = rankAtEnd(7);
    let high = rankAtEnd(8);
    for (let move = 1; move <= 400; move += 1) {
      high = rankBetween(low, high);
      expect(high.length).toBeLessThanOrEqual(16 + move / 2);
    }
  });

  it.each([
    [rankAtEnd(7), rankAtEnd(7)],
    [rankAtEnd(8), rankAtEnd(7)],
    [undefined, '00000000'],
    [`${rankAtEnd(7)}0`, rankAtEnd(7)],
  ])('is refused where there is none: after %s, before %s', (before, after) => {
    expect(() => rankBetween(before, after)).toThrow(RangeError);
  });

  it('has one spelling', () => {
    for (const right of [rankAtEnd(7), `${rankAtEnd(0)}z`, `${rankAtEnd(7)}00V`])
      expect(right).toMatch(rankForm);
    for (const wrong of [rankAtEnd(0), `${rankAtEnd(7)}0`, `${rankAtEnd(7)}V0`, '0000007', '0000 007'])
      expect(wrong).not.toMatch(rankForm);
  });

  it('differs for rivals who aim at one gap', () => {
    const rivals = Array.from({ length: 2_000 }, () => rankBetween(rankAtEnd(1), rankAtEnd(2)));
    expect(new Set(rivals).size).toBe(2_000);
  });
});
