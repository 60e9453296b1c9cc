import { describeRaces } from './races.ts';

describeRaces(3_400, { timeout: 7_200_000 });
