import { describe, it } from 'vitest';
import { stopUnderLoad } from './stopped.ts';

describe('R05 at full volume', () => {
  it('fifty stops', () => stopUnderLoad({ cycles: 50, clients: 6, loadMs: 1_000 }));
});
