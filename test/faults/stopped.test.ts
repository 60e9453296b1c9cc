import { describe, it } from 'vitest';
import { stopUnderLoad } from './stopped.ts';

describe('R05: one of two processes is stopped under load', () => {
  it('no request fails, and it exits with 0 within ten seconds', { timeout: 600_000 }, () =>
    stopUnderLoad({ cycles: 5, clients: 6, loadMs: 500 }),
  );
});
