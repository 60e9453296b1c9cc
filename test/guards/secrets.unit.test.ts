import { describe, expect, it } from 'vitest';
import { assertNothingSecret, secretsIn } from './secrets.ts';

describe('what must never leave the server is found', () => {
  it.each([
    ['passwordHash', { user: { passwordHash: 'x' } }],
    ['hash', { items: [{ hash: 'x' }] }],
    ['refreshTokenHash', '{"refreshTokenHash" : "x"}'],
    ['_id', { _id: '66a1f0c2e4b0a1b2c3d4e5f6' }],
    ['__v', { task: { __v: 0 } }],
  ])('as the field %s, at any depth', (field, answer) => {
    expect(secretsIn(answer)).toEqual([`the field ${field}`]);
  });

  it('inside a string that holds JSON', () => {
    expect(secretsIn({ detail: '{"_id":1}' })).toEqual(['the field _id']);
  });

  it('however often the JSON was put into a string', () => {
    const answer = JSON.stringify({ detail: JSON.stringify({ __v: 0 }) });
    expect(secretsIn({ status: 200, body: answer })).toEqual(['the field __v']);
  });

  it('as a hash of a password, whatever the field is called', () => {
    expect(secretsIn({ note: `$2b$12$${'a'.repeat(53)}` })).toEqual(['a hash of a password']);
  });

  it.each([
    ['a stack trace', { detail: 'Error: no\n    at run (app)' }],
    ['a stack trace', 'Error: no\n    at run (app)'],
    ['a word of the database', { detail: 'MongoServerError: write conflict' }],
    ['a word of the database', { detail: 'E11000 duplicate key' }],
    ['a file of the server', { detail: 'src/http/mount.ts:12' }],
  ])('in an answer: %s', (name, answer) => {
    expect(secretsIn(answer)).toEqual([name]);
  });

  it.each([
    ['a token', { msg: `${'eyJhbGciOiJIUzI1NiJ9'}.${'eyJzdWIiOiJhYmMifQ'}.${'c2lnbmF0dXJlLWhlcmU'}` }],
    ['a password', { body: { password: 'correct horse' } }],
    ['a password', { headers: { authorization: 'Bearer x' } }],
  ])('in a log line: %s', (name, line) => {
    expect(secretsIn(line, 'log')).toEqual([name]);
  });

  it('and named in the error that stops the test', () => {
    expect(() => {
      assertNothingSecret({ __v: 0 });
    }).toThrow('The answer holds the field __v');
  });
});

describe('what may be said passes', () => {
  it.each([
    [
      'a task',
      { id: '66a1f0c2e4b0a1b2c3d4e5f6', title: 'Find the hash of passwordHash, _id and __v', version: 3 },
    ],
    ['a session', { token: 'eyJhbGciOi.eyJzdWIiOi.c2ln', refreshToken: 'abc' }],
    ['nothing', undefined],
  ])('in an answer: %s', (_name, answer) => {
    expect(secretsIn(answer)).toEqual([]);
  });

  it('in a log line: the stack of an unexpected error, for those who mend it', () => {
    expect(secretsIn({ err: { stack: 'MongoError\n    at run (file:///app/x.ts:1)' } }, 'log')).toEqual([]);
  });
});
