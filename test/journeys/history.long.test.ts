import { describe, it } from 'vitest';
import { checkHistory } from './history.ts';

describe('R15 at full volume', () => {
  it('a hundred thousand operations', () =>
    checkHistory({ operations: 100_000, clients: 16, tasks: 200, faultEveryMs: 2_000 }));
});
