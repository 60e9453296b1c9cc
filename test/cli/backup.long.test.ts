import { expect, it } from 'vitest';
import { proveBackup } from './backup-proof.ts';

it('a backup of 100,000 tasks made under load is one moment of the database, and restores to exactly that', async () => {
  const figures = await proveBackup(100_000);
  console.log(JSON.stringify(figures));
  expect(figures.writesMeanwhile).toBeGreaterThan(0);
});
