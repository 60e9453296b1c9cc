import { describe, expect, it } from 'vitest';
import { DatabaseError, standaloneRefusal } from './connect.ts';

describe('a database server', () => {
  it.each([
    ['a replica set', { setName: 'rs0', isWritablePrimary: true }],
    ['a sharded cluster', { msg: 'isdbgrid' }],
  ])('is used when it is %s', (_what, hello) => {
    expect(standaloneRefusal(hello)).toBeUndefined();
  });

  it.each([
    ['alone', { isWritablePrimary: true, maxWireVersion: 25 }],
    ['silent', undefined],
  ])('is refused when it is %s, with the way out', (_what, hello) => {
    const refusal = standaloneRefusal(hello);
    expect(refusal).toBeInstanceOf(DatabaseError);
    expect(refusal?.message).toContain('mongod --replSet rs0');
    expect(refusal?.message).toContain('rs.initiate()');
  });
});
