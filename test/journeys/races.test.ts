import { describeRaces } from './races.ts';

describeRaces(20, { timeout: 300_000 });
