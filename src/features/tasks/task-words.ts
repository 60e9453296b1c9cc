import { foldText } from '../../schemas/fold-text.ts';

const mostWords = 100;
const longestWord = 40;

/** The words of a title as search finds them: folded, without punctuation, each once. */
export function wordsOf(text: string): string[] {
  const words = foldText(text).match(/[\p{L}\p{N}]+/gu) ?? [];
  return [...new Set(words.map((word) => word.slice(0, longestWord)))].slice(0, mostWords);
}
