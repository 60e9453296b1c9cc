import { afterAll } from 'vitest';
import { promised, taskListPlans, type Reading } from './task-list-plans.ts';

const readings: Reading[] = [];

taskListPlans(promised, readings);

/** What docs/query-plans.md shows. */
afterAll(() => {
  const rows = [...new Set(readings.map(({ filter }) => filter))].map((filter) => {
    const most = (isServed: boolean, scope: Reading['scope']): string => {
      const found = readings.filter(
        (one) => one.filter === filter && one.isServed === isServed && one.scope === scope,
      );
      return found.length === 0 ? '–' : String(Math.max(...found.map(({ documents }) => documents)));
    };
    return [filter, most(true, 'one'), most(true, 'all'), most(false, 'one'), most(false, 'all')];
  });
  console.log(rows.map((row) => `| ${row.join(' | ')} |`).join('\n'));
});
