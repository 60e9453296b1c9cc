import mongoose from 'mongoose';
import { describe, expect, it } from 'vitest';
import type { Answer, Sending, TestApp } from './app.ts';
import { pointersOf, refusal, type Cast } from './scene.ts';

/** One endpoint as the contract describes it: how to reach it, and what it must refuse. */
export interface Door {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The path to the thing with this id. */
  path: (id: string) => string;
  /** How the path reads in the test's title, when it needs more than an id. */
  title?: string;
  /** A body the endpoint would take. */
  body?: () => object;
  /** What a stranger reads, the same as for an id that does not exist. */
  missing: string;
  /** The permission it needs, the roles that have it, and a member of the cast who has not. */
  denied?: { permission: string; roles: string[]; to: keyof Cast };
  /** Whether a stale `If-Match` is refused. */
  conditional?: true;
  /** The largest body in KiB. */
  mostKb?: number;
}

/** What the doors lead to, known once the tests run. */
export interface Behind {
  api: TestApp;
  cast: Cast;
  id: string;
}

const unknownId = 'ffffffffffffffffffffffff';
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** Everything stored about projects and tasks, and everything announced; an event gets its number a moment later. */
async function everythingStored(): Promise<string> {
  const kinds = ['projects', 'tasks', 'events', 'counters'];
  const stored = kinds.map((kind) =>
    mongoose.connection
      .collection(kind)
      .find({}, { projection: { seq: 0 } })
      .sort({ _id: 1 })
      .toArray(),
  );
  return JSON.stringify(await Promise.all(stored));
}

/** Tests what every endpoint refuses; each refusal stores and announces nothing. */
export function describeDoors(doors: readonly Door[], behind: () => Behind): void {
  describe.each(doors.map((door) => ({ ...door, name: `${door.method} ${door.title ?? door.path(':id')}` })))(
    '$name',
    (door) => {
      const call = (sending: Sending = {}, id = behind().id): Promise<Answer> => {
        const { api, cast } = behind();
        return api.request(door.method, door.path(id), {
          token: cast.owner.token,
          body: door.body?.(),
          ...sending,
        });
      };
      const untouched = async (calls: () => Promise<void>): Promise<void> => {
        const before = await everythingStored();
        await calls();
        expect(await everythingStored()).toBe(before);
      };
      const { denied, missing, conditional, mostKb = 100 } = door;

      it('asks the anonymous to log in', () =>
        untouched(async () => {
          expect(refusal(await call({ token: undefined }))).toEqual([401, 'auth.required']);
          expect(refusal(await call({ token: 'x.y.z' }))).toEqual([401, 'auth.invalid_token']);
        }));

      it('shows a stranger the same as for a thing that does not exist', () =>
        untouched(async () => {
          const { token } = behind().cast.stranger;
          const [seen, unknown] = [await call({ token }), await call({ token }, unknownId)];
          expect(refusal(seen)).toEqual([404, missing]);
          expect({ ...seen.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
          for (const id of ['1', `${unknownId}0`, 'FFFFFFFFFFFFFFFFFFFFFFFF', '%00', '..%2f'])
            expect(refusal(await call({}, id))).toEqual([404, missing]);
        }));

      it('refuses an unknown parameter by its name', () =>
        untouched(async () => {
          const answer = await call({ query: { surprise: '1' } });
          expect(refusal(answer)).toEqual([400, 'request.invalid']);
          expect(pointersOf(answer)).toEqual(['/query/surprise']);
        }));

      it('refuses an If-Match that is no quoted version', () =>
        untouched(async () => {
          for (const tag of ['1', '"1', 'x"1"', '"1" "2"']) {
            const answer = await call({ headers: { 'if-match': tag } });
            expect(refusal(answer)).toEqual([400, 'request.invalid']);
            expect(pointersOf(answer)).toEqual(['/header/if-match']);
          }
        }));

      if (denied !== undefined) {
        it(`tells a ${denied.to} which permission is missing and which roles have it`, () =>
          untouched(async () => {
            const answer = await call({ token: behind().cast[denied.to].token });
            expect(refusal(answer)).toEqual([403, 'access.denied']);
            expect(answer.body).toMatchObject({ permission: denied.permission, roles: denied.roles });
          }));
      }

      if (conditional === true) {
        it('refuses a stale version, also as one of several or weak', () =>
          untouched(async () => {
            for (const tag of ['"999"', '"998", "999"', 'W/"1"', '"abc"']) {
              const answer = await call({ headers: { 'if-match': tag } });
              expect(refusal(answer)).toEqual([412, 'resource.changed']);
              expect(answer.headers.etag).toBe(`"${String(answer.body.version)}"`);
            }
          }));
      }

      if (door.method === 'GET') {
        it('answers HEAD like GET without the body', async () => {
          const { api, cast, id } = behind();
          const sending = { token: cast.owner.token };
          const [head, get] = [
            await api.request('HEAD', door.path(id), sending),
            await api.request('GET', door.path(id), sending),
          ];
          expect([head.status, head.text]).toEqual([200, '']);
          for (const name of ['etag', 'content-type', 'content-length', 'cache-control'])
            expect(head.headers[name]).toBe(get.headers[name]);
          expect(get.headers['cache-control']).toBe('no-store');
        });
        return;
      }

      it('refuses a malformed idempotency key and a dry run that is neither true nor false', () =>
        untouched(async () => {
          const keys = ['', ' ', 'a b', 'x'.repeat(256), 'caf\u00e9'];
          for (const key of keys) {
            const answer = await call({ headers: { 'idempotency-key': key } });
            expect(refusal(answer)).toEqual([400, 'request.invalid']);
            expect(pointersOf(answer)).toEqual(['/header/idempotency-key']);
          }
          const answer = await call({ query: { dryRun: '1' } });
          expect(refusal(answer)).toEqual([400, 'request.invalid']);
          expect(pointersOf(answer)).toEqual(['/query/dryRun']);
        }));

      it('can be rehearsed: nothing is stored, nothing announced', () =>
        untouched(async () => {
          const answer = await call({ query: { dryRun: 'true' }, headers: { 'idempotency-key': 'unused' } });
          expect(answer.headers['preference-applied']).toBe('dry-run');
          expect(answer.headers.location).toBeUndefined();
          expect(answer.status).toBeLessThan(500);
        }));

      it('takes nothing but well-formed JSON in UTF-8 of a reasonable size', () =>
        untouched(async () => {
          const bodies: [Buffer | string, number, string][] = [
            ['{"a":', 400, 'request.malformed_json'],
            [Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400, 'request.malformed_json'],
            ['"\\ud800"', 400, 'request.invalid'],
            ['{"__proto__":{"role":"owner"}}', 400, 'request.invalid'],
            ['{"constructor":{"prototype":{}}}', 400, 'request.invalid'],
            [nested(33), 400, 'request.invalid'],
            [nested(10_000), 400, 'request.invalid'],
            ['[]', 400, 'request.invalid'],
            [JSON.stringify({ a: 'x'.repeat(mostKb * 1024) }), 413, 'request.too_large'],
          ];
          for (const [body, status, code] of bodies)
            expect(refusal(await call({ body })), String(body).slice(0, 40)).toEqual([status, code]);
          const headers = { 'content-type': 'text/plain' };
          expect(refusal(await call({ body: '{}', headers }))).toEqual([
            415,
            'request.unsupported_media_type',
          ]);
        }));

      it('refuses an unknown field, and every fault at once', () =>
        untouched(async () => {
          const { api, cast, id } = behind();
          const answer = await api.request(door.method, door.path(id), {
            token: cast.owner.token,
            query: { surprise: '1' },
            headers: { 'if-match': 'one' },
            body: { ...door.body?.(), secret: 1, 'a/b~c': 2 },
          });
          expect(refusal(answer)).toEqual([400, 'request.invalid']);
          const inBody = door.body === undefined ? ['/body'] : ['/body/a~1b~0c', '/body/secret'];
          expect(pointersOf(answer)).toEqual([...inBody, '/header/if-match', '/query/surprise']);
        }));
    },
  );
}

/** Checks that a path answers other methods with 405 and the methods it has. */
export async function expectOnly(api: TestApp, path: string, allow: string): Promise<void> {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  for (const method of methods.filter((one) => !allow.split(', ').includes(one))) {
    const answer = await api.request(method, path);
    expect(refusal(answer), `${method} ${path}`).toEqual([405, 'route.method_not_allowed']);
    expect(answer.headers.allow).toBe(allow);
  }
}
