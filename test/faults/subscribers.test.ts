import { describe, it } from 'vitest';
import { killBeneathSubscribers } from './subscribers.ts';

describe('R09: a process is killed beneath a thousand subscribers', () => {
  it('everybody is told everything once and in order', { timeout: 600_000 }, () =>
    killBeneathSubscribers({ subscribers: 1_000, writes: 30 }),
  );
});
