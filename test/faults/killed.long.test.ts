import { describe, it } from 'vitest';
import { killUnderLoad } from './killed.ts';

describe('R04 at full volume', () => {
  it('a hundred kills', () => killUnderLoad({ cycles: 100, clients: 6, followers: 6, loadMs: 1_000 }));
});
