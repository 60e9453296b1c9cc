import { describe, it } from 'vitest';
import { killUnderLoad } from './killed.ts';

describe('R04: one of two processes is killed under load', () => {
  it('nothing acknowledged is lost, nothing happens twice, streams miss nothing', { timeout: 600_000 }, () =>
    killUnderLoad({ cycles: 5, clients: 6, followers: 6, loadMs: 500 }),
  );
});
