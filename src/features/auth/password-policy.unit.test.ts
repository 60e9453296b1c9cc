import { describe, expect, it } from 'vitest';
import { Problem } from '../../errors/index.ts';
import { requireStrongPassword } from './password-policy.ts';

const ada = { name: 'Ada Lovelace-King', email: 'countess@analytical.example' };

function faultsOf(password: string): string[] {
  try {
    requireStrongPassword(password, ada, { fewestCharacters: 8, pointer: '/body/password' });
    return [];
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'auth.weak_password') throw error;
    return (error.details.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
  }
}

describe('a new password', () => {
  it.each(['violet teapot', 'adaadaada', '\u{1f600}'.repeat(8), 'x'.repeat(200), '        '])(
    'may be %j',
    (password) => {
      expect(faultsOf(password)).toEqual([]);
    },
  );

  it.each([
    ['short12', 'at least 8'],
    ['\u{1f600}'.repeat(7), 'at least 8'],
    ['e\u0301'.repeat(7), 'at least 8'],
    ['x'.repeat(201), 'at most 200'],
    ['password123', 'most common'],
    ['PassWord123', 'most common'],
    ['my-lovelace-password', 'name or e-mail'],
    ['MY-LOVELACE-PASSWORD', 'name or e-mail'],
    ['kingfisher blue', 'name or e-mail'],
    ['the countess sleeps', 'name or e-mail'],
    ['analytical engine', 'name or e-mail'],
  ])('may not be %j', (password, reason) => {
    expect(faultsOf(password)).toEqual([expect.stringContaining(reason)]);
  });

  it('is told every reason at once', () => {
    expect(faultsOf('king')).toHaveLength(2);
  });
});
