import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../cli/generated-files.ts';

const inRepository = (path: string): Promise<string> =>
  readFile(new URL(`../../${path}`, import.meta.url), 'utf8').catch(() => '');

describe('a generated file says what the sources say', () => {
  it.each(generatedFiles())('$path', async ({ path, text }) => {
    const present = await inRepository(path);
    expect(present === text, `${path} is out of date: run npm run generate and commit it`).toBe(true);
  });

  it('and the same sources give the same text', () => {
    expect(generatedFiles()).toEqual(generatedFiles());
  });
});
