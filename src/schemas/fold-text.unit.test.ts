import { expect, it } from 'vitest';
import { foldText } from './fold-text.ts';

it.each([
  ['Straße', 'strasse'],
  ['STRASSE', 'strasse'],
  ['GROẞ', 'gross'],
  ['Ærø', 'aero'],
  ['Œuvre', 'oeuvre'],
  ['Łódź', 'lodz'],
  ['Đorđe', 'dorde'],
  ['Þórður', 'thordur'],
  ['ışık', 'isik'],
  ['İstanbul', 'istanbul'],
  ['ΣΊΣΥΦΟΣ', 'σισυφοσ'],
  ['Crème Brûlée', 'creme brulee'],
])('%s is sorted and found as %s', (text, folded) => {
  expect(foldText(text)).toBe(folded);
});

it('folding twice changes nothing', () => {
  for (const text of ['ǢǼǾ', 'ﬁn ẞ', 'Ⅷ Łł']) expect(foldText(foldText(text))).toBe(foldText(text));
});
