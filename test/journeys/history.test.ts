import { describe, it } from 'vitest';
import { checkHistory } from './history.ts';

describe('R15: the history of what clients did while processes and database failed', () => {
  it('has no lost update, no duplicate and no step back in time', { timeout: 600_000 }, () =>
    checkHistory({ operations: 5_000, clients: 16, tasks: 40, faultEveryMs: 2_000 }),
  );
});
