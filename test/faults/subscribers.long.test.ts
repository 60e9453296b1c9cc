import { describe, it } from 'vitest';
import { killBeneathSubscribers } from './subscribers.ts';

describe('R09 at full volume', () => {
  it('ten thousand subscribers', () => killBeneathSubscribers({ subscribers: 10_000, writes: 100 }));
});
