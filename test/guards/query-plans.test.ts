import { inject } from 'vitest';
import { promised, taskListPlans } from './task-list-plans.ts';

const engine = inject('databaseEngine');

if (engine === 'secantusd-py')
  console.log('Query plans were NOT checked: the Python stand-in does not show which plan it uses.');

// The Rust stand-in reads the whole collection to explain one command. There every list is asked for, and what it
// looks at is counted, on just more tasks than the scan budget; the plans of all those commands come at full volume.
if (engine === 'given' || engine === 'mongod') taskListPlans(promised);
else taskListPlans({ large: 2_300, others: 6, projects: 50 }, [], promised);
