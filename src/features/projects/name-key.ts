import { foldText } from '../../schemas/fold-text.ts';

const longest = 200;

/**
 * A name folded for sorting and searching. Folding can make a text many times longer, and a cursor carries the key:
 * it is cut to 200 code points.
 */
export const nameKeyOf = (name: string): string => Array.from(foldText(name)).slice(0, longest).join('');
