import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type Answer, type Person, type TestApp } from '../../test/app.ts';

let api: TestApp;
let person: Person;

beforeAll(async () => {
  api = await startApp();
  person = await api.register();
});
afterAll(() => api.close());

const post = (path: string, body: unknown): Promise<Answer> =>
  api.request('POST', path, { token: person.token, body });
const list = (search: string): Promise<Answer> =>
  api.request('GET', `/api/tasks?${search}`, { token: person.token });

/** Each fault as one line. */
const said = ({ status, body }: Answer): [number, string[]] => [
  status,
  ((body.errors ?? []) as { pointer: string; detail: string }[]).map(
    ({ pointer, detail }) => `${pointer} ${detail}`,
  ),
];

describe('a fault in the body is told in plain words', () => {
  it('a missing field is required', async () => {
    expect(said(await post('/api/auth/login', {}))).toEqual([
      400,
      ['/body/email is required', '/body/password is required'],
    ]);
    expect(said(await post('/api/tasks', { title: 'T' }))).toEqual([400, ['/body/projectId is required']]);
  });

  it('a missing body is required', async () => {
    expect(said(await post('/api/projects', undefined))).toEqual([400, ['/body is required']]);
  });

  it('a wrong kind of value is named beside the right one', async () => {
    const body = { name: 7, description: ['a'], status: 'open', collaboratorIds: 'me', key: null };
    expect(said(await post('/api/projects', body))).toEqual([
      400,
      [
        '/body/name must be text, not a number',
        '/body/description must be text, not a list',
        '/body/key must be text, not null',
        '/body/status must be one of `active`, `on_hold`, `completed`, `archived`',
        '/body/collaboratorIds must be a list, not text',
      ],
    ]);
    expect(said(await post('/api/projects', [1]))).toEqual([400, ['/body must be an object, not a list']]);
  });
});

describe('a fault in the query is told in plain words', () => {
  it.each(['0x10', '1e1', '%2010', '10%20', '+5', '-1', '1.0', '', 'ten', '1_0'])(
    'limit=%s is not written in digits',
    async (limit) => {
      expect(said(await list(`limit=${limit}`))).toEqual([
        400,
        ['/query/limit must be a whole number from 1 to 200'],
      ]);
    },
  );

  it('a number out of bounds is told the bound', async () => {
    expect(said(await list('limit=0'))).toEqual([400, ['/query/limit must be at least 1']]);
    expect(said(await list('limit=201'))).toEqual([400, ['/query/limit must be at most 200']]);
    expect((await list('limit=007')).status).toBe(200);
  });

  it('a parameter that came twice must be given once', async () => {
    const twice = [
      ['limit', '1', '2'],
      ['cursor', 'a', 'b'],
      ['count', 'true', 'true'],
      ['sort', 'rank', 'number'],
      ['q', 'a', 'b'],
      ['dueBefore', '2026-12-31T12:00:00Z', '2026-12-31T12:00:00Z'],
      ['projectId', '66a1f0c2e4b0a1b2c3d4e5f6', '66a1f0c2e4b0a1b2c3d4e5f6'],
    ] as const;
    for (const [name, first, second] of twice)
      expect(said(await list(`${name}=${first}&${name}=${second}`))).toEqual([
        400,
        [`/query/${name} must be given once`],
      ]);
  });

  it('an unknown word is answered with the known ones', async () => {
    expect(said(await list('count=yes'))).toEqual([400, ['/query/count must be one of `true`, `false`']]);
  });
});

it('no fault speaks the library’s language', async () => {
  const odd = [null, true, 1.5, -1, 'x', '', [], [[]], {}, { a: 1 }];
  const bodies = odd.map((value) => ({
    name: value,
    title: value,
    description: value,
    status: value,
    priority: value,
    assigneeId: value,
    dueDate: value,
    projectId: value,
    email: value,
    collaboratorIds: value,
    timeZone: value,
    avatar: value,
    role: value,
    key: value,
  }));
  const words: string[] = [];
  for (const [method, path] of [
    ['POST', '/api/projects'],
    ['POST', '/api/tasks'],
    ['POST', '/api/auth/login'],
    ['PATCH', '/api/users/me'],
  ] as const)
    for (const body of [...bodies, ...odd])
      words.push(...said(await api.request(method, path, { token: person.token, body }))[1]);
  expect(words.filter((line) => /invalid|expected|received|undefined|nan/i.test(line))).toEqual([]);
  expect(words.filter((line) => !/^\/body\S* [a-z]/.test(line))).toEqual([]);
});
