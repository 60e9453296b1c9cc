import fc from 'fast-check';
import mongoose from 'mongoose';
import { describe, expect, it } from 'vitest';
import { projectRoles, type KnownProject, type ProjectRole } from '../../access/index.ts';
import type { Ctx } from '../../context.ts';
import { compileRows, storedFields, type FieldTable } from '../../db/raw-json.ts';
import { presentTaskPage } from './task-page.presenter.ts';
import type { StoredTask } from './task.model.ts';
import { presentTask } from './task.presenter.ts';
import { TaskPage } from './task.schema.ts';

const { ObjectId, BSON, Long, Double } = mongoose.mongo;
const id = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes));
const [reader, projectId] = [new ObjectId(), new ObjectId()];

const projectOf = (role: ProjectRole, status = 'active'): KnownProject => ({
  _id: projectId,
  key: 'WEB',
  status,
  statuses: [],
  members: [{ userId: reader, role, since: new Date(0) }],
  deletedAt: null,
});

/** Of a context the presenters ask the actor, and the log when a document is not as declared. */
function contextOf() {
  const logged: unknown[] = [];
  const log = { error: (facts: unknown) => logged.push(facts) };
  const actor = { userId: reader.toHexString(), siteRoles: [] };
  return { ctx: { actor, log } as unknown as Ctx, logged };
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\t', '\r', '\b', '\f', '\u0001', '\u007f', '/', '😀', 'é'),
  }),
  fc.string({ maxLength: 40 }).map((part) => part.repeat(2_000)),
);
const time = fc.date({
  min: new Date('0000-01-01'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const nullable = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });

const task: fc.Arbitrary<StoredTask> = fc.record({
  _id: id,
  projectId: fc.constant(projectId),
  number: fc.integer({ min: 1 }),
  title: text,
  description: text,
  status: text,
  category: fc.constantFrom('backlog', 'todo', 'in_progress', 'done', 'cancelled'),
  priority: fc.constantFrom('none', 'low', 'medium', 'high', 'urgent'),
  priorityOrder: fc.nat(4),
  assigneeId: nullable(id),
  dueDate: nullable(text),
  dueAt: nullable(time),
  dueIsDay: fc.boolean(),
  rank: fc.string(),
  createdBy: fc.oneof(fc.constant(reader), id),
  completedAt: nullable(time),
  deletedAt: nullable(time),
  trashed: fc.boolean(),
  words: fc.array(fc.string()),
  version: fc.integer({ min: 1 }),
  createdAt: time,
  updatedAt: time,
});

/** The document as the database gives it, its fields in any order and among others. */
const bytesOf = (fields: object, order: readonly number[] = []): Uint8Array => {
  const extra = { loose: { title: 'not this one' }, list: ['x'], blob: Buffer.from('x'), pattern: /a/i };
  const entries = Object.entries({ ...extra, ...fields }).map((entry, place) => ({
    entry,
    turn: order[place] ?? 0,
  }));
  entries.sort((a, b) => a.turn - b.turn);
  return BSON.serialize(Object.fromEntries(entries.map(({ entry }) => entry)));
};

const fast = (ctx: Ctx, items: Uint8Array[], project: KnownProject): string =>
  presentTaskPage(ctx, {
    items,
    nextCursor: null,
    projects: new Map([[project._id.toHexString(), project]]),
  }).json.toString('utf8');

const slow = (ctx: Ctx, items: Uint8Array[], project: KnownProject): string => {
  const tasks = items.map((bytes) => BSON.deserialize(bytes) as StoredTask);
  return JSON.stringify({
    items: tasks.map((one) => presentTask(ctx, { task: one, project })),
    nextCursor: null,
  });
};

describe('a page of tasks written from stored bytes', () => {
  it('is byte for byte the page made of objects', () => {
    const order = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });
    const { ctx, logged } = contextOf();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(task, order), { maxLength: 4 }),
        fc.constantFrom(...projectRoles),
        (rows, role) => {
          const items = rows.map(([one, turns]) => bytesOf(one, turns));
          expect(fast(ctx, items, projectOf(role))).toBe(slow(ctx, items, projectOf(role)));
        },
      ),
      { numRuns: 300 },
    );
    expect(logged).toEqual([]);
  });

  it('tells every role what it may do, for its own and others’ tasks, in the trash and in archived projects', () => {
    const [one] = fc.sample(task, 1);
    const { ctx } = contextOf();
    for (const role of projectRoles)
      for (const status of ['active', 'archived']) {
        const project = projectOf(role, status);
        const items = [reader, new ObjectId()].flatMap((createdBy) =>
          [false, true].map((trashed) => bytesOf({ ...one, createdBy, trashed })),
        );
        expect(fast(ctx, items, project)).toBe(slow(ctx, items, project));
      }
    const stranger = { ...projectOf('owner'), members: [] };
    expect(fast(ctx, [bytesOf({ ...one })], stranger)).toBe(slow(ctx, [bytesOf({ ...one })], stranger));
  });

  it('fits the schema of the answer and leaves out what is in no project of the reader', () => {
    const { ctx } = contextOf();
    const [one] = fc.sample(task, 1);
    const others = bytesOf({ ...one, projectId: new ObjectId() });
    const page = JSON.parse(fast(ctx, [others, bytesOf({ ...one }), others], projectOf('member')));
    expect(TaskPage.safeParse(page).error).toBeUndefined();
    expect(page.items).toHaveLength(1);
    expect(JSON.parse(fast(ctx, [], projectOf('member')))).toEqual({ items: [], nextCursor: null });
  });

  it('presents a document that is not as declared as the single resource does, and says so in the log', () => {
    const [one] = fc.sample(task, 1);
    const odd: object[] = [
      { ...one, number: 0 },
      { ...one, title: null },
      { ...one, title: 5 },
      { ...one, createdAt: new Date(8.64e15) },
      { ...one, createdAt: new Date(-6.3e13) },
      Object.fromEntries(Object.entries(one ?? {}).filter(([name]) => name !== 'version')),
    ];
    for (const fields of odd) {
      const { ctx, logged } = contextOf();
      const items = [bytesOf({ ...one }), bytesOf(fields), bytesOf({ ...one })];
      expect(fast(ctx, items, projectOf('member'))).toBe(slow(ctx, items, projectOf('member')));
      expect(logged).toHaveLength(1);
    }
  });

  it('takes numbers of every kind, and no date, assignee or completion for null', () => {
    const { ctx, logged } = contextOf();
    const [one] = fc.sample(task, 1);
    for (const number of [7, Long.fromNumber(2 ** 40), new Double(12), Long.fromNumber(12)]) {
      const items = [bytesOf({ ...one, number, version: number })];
      expect(fast(ctx, items, projectOf('member'))).toBe(slow(ctx, items, projectOf('member')));
    }
    const optional = ['assigneeId', 'completedAt', 'deletedAt'];
    const bare = Object.fromEntries(Object.entries(one ?? {}).filter(([name]) => !optional.includes(name)));
    const items = [bytesOf(bare)];
    expect(fast(ctx, items, projectOf('member'))).toBe(slow(ctx, items, projectOf('member')));
    expect(logged).toEqual([]);
  });

  it('never lets out a text that is no UTF-8', () => {
    const [one] = fc.sample(task, 1);
    const bytes = Buffer.from(bytesOf({ ...one, title: 'a mark' }));
    bytes[bytes.indexOf('a mark')] = 0xff;
    const { ctx } = contextOf();
    expect(() => slow(ctx, [bytes], projectOf('member'))).toThrow();
    expect(() => fast(ctx, [bytes], projectOf('member'))).toThrow('not UTF-8');
  });
});

describe('a table of fields', () => {
  const { text: textOf } = storedFields<{ a: string; b: string }>();

  it('is refused when a field of the schema is missing or a field is in no schema', () => {
    const both = { a: textOf('a'), b: textOf('b') };
    expect(() => compileRows<unknown, { a: string }>(['a'], both, 'a')).toThrow('no field b');
    const names = ['a', 'b', 'c'] as unknown as ('a' | 'b')[];
    expect(() => compileRows<unknown, { a: string; b: string }>(names, both, 'a')).toThrow(
      'writes the field c',
    );
  });

  it('does not compile when a field gives something else than the schema says', () => {
    const { idOrNull } = storedFields<{ who: { toHexString(): string } | null }>();
    // @ts-expect-error -- the schema declares no null
    const table: FieldTable<unknown, { who: string }> = { who: idOrNull('who') };
    expect(() => compileRows(['who'], table, 'who')).not.toThrow();
  });
});
