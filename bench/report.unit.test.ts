import { expect, test } from 'vitest';
import { insertReport } from './report.ts';
import { median, quantile, ratioOf } from './statistics.ts';

test('only the text between the markers is replaced', () => {
  const document = 'Before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nAfter\n';
  const once = insertReport(document, 'bench', 'new');
  expect(once).toBe('Before\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nAfter\n');
  expect(insertReport(once, 'bench', 'new')).toBe(once);
});

test('a document without markers is refused', () => {
  expect(() => insertReport('Before <!-- bench:end --> <!-- bench:begin -->', 'bench', 'new')).toThrow(
    'bench:begin',
  );
});

test('the ratio is that of the medians and its spread that of the rounds', () => {
  expect(ratioOf([10, 20, 60], [10, 10, 20])).toEqual({ value: 2, least: 1, most: 3 });
});

test('medians and quantiles follow the nearest rank', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
  expect(quantile([], 0.5)).toBe(0);
});
