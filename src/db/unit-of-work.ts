import { setTimeout as sleep } from 'node:timers/promises';
import mongoose, { type Model, type Types, type UpdateQuery, type QueryFilter } from 'mongoose';
import { Problem } from '../errors/index.ts';
import { EventModel, type FieldChange, type StoredEvent } from '../events/index.ts';
import type { Versioned } from './base-schema.ts';
import { duplicatePlace, isConflict, isDatabaseAway } from './faults.ts';
import { commitTogether } from './group-commit.ts';
import { validateAll, type Operation, type Statement } from './transaction.ts';
import { isTurnTaken, takeTurns } from './turns.ts';

/** Who writes and under which request; copied into every event. */
export interface WorkOrigin {
  readonly actorId: string | null;
  readonly requestId: string;
  readonly operationId: string;
  now(): Date;
}

/** What an event says beside its name; `version` is the subject's version after the change. */
export interface EventDraft {
  projectId?: Types.ObjectId | null;
  subject: { type: string; id: Types.ObjectId | string; version?: number };
  changes?: FieldChange[];
  data?: Record<string, unknown>;
  /** Who did it, when that is not the origin's actor (a login). */
  actorId?: Types.ObjectId;
}

/** Everything one request writes, collected first and committed in one transaction. */
export interface Work {
  /** Whether this is a rehearsal: nothing will be committed, so nothing may be taken or sent either. */
  readonly isRehearsal: boolean;
  /** Adds a new versioned document; gives it back as it will be stored (version 1). */
  insert<T extends Versioned>(model: Model<T>, document: Omit<T, 'version' | 'createdAt' | 'updatedAt'>): T;
  /** Adds a document that has no version. */
  insertPlain<T>(model: Model<T>, document: T): void;
  /** Changes a loaded document on the condition that nobody else has changed it; gives back its new state. */
  update<T extends Versioned>(model: Model<T>, before: T, patch: Partial<T>): T;
  /** Changes every document the filter finds, without a version condition. */
  updateWhere<T>(model: Model<T>, filter: QueryFilter<T>, patch: UpdateQuery<T>): void;
  /** Removes every document the filter finds. */
  deleteWhere<T>(model: Model<T>, filter: QueryFilter<T>): void;
  /** Announces what happened, in the same transaction. */
  record(name: string, event: EventDraft): void;
  /** Says which error it is when a unique index of the model refuses a write; 'retry' runs the work again. */
  onDuplicate<T>(model: Model<T>, index: string, reaction: OnDuplicate): void;
  /** Runs once, after the commit. Failures are the caller's to handle. */
  afterCommit(act: () => void): void;
}

/** What a refused duplicate means: an error to throw, or a reason to run the work again. */
export type OnDuplicate = (() => Error) | 'retry';

const deadlineMs = 5_000;

/**
 * Runs `act` and commits what it collected in one transaction; runs it again when a rival was faster, then in line
 * with the rivals of this process. `act` must not talk to the outside world: it may run several times.
 * Throws `server.busy` when it keeps losing for five seconds although it is its turn.
 */
export async function unitOfWork<R>(origin: WorkOrigin, act: (work: Work) => Promise<R>): Promise<R> {
  const first = collect(origin);
  const early = await tryOnce(first, act, () => !isTurnTaken(first.contendedKey()));
  if (early.committed) return finish(first, early.value);
  const { collected, value } = await takeTurns(first.contendedKey(), async () => {
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      const collected = collect(origin);
      const result = await tryOnce(collected, act);
      if (result.committed) return { collected, value: result.value };
      if (performance.now() - startedAt > deadlineMs) {
        if (isDatabaseAway(result.reason)) throw result.reason;
        throw new Problem('server.busy', {
          detail: 'Too many others are changing this right now.',
          retryAfterSeconds: 1,
        });
      }
      await sleep(Math.random() * Math.min(50, 2 ** attempt));
    }
  });
  // After the turn: what follows may itself stand in line.
  return finish(collected, value);
}

/** Runs `act` once and holds what it would write against the models, but commits and announces nothing. */
export async function rehearse<R>(origin: WorkOrigin, act: (work: Work) => Promise<R>): Promise<R> {
  const collected = collect(origin, { isRehearsal: true });
  const value = await act(collected.work);
  await validateAll(collected.statements);
  return value;
}

function finish<R>({ followUps }: Collected, value: R): R {
  for (const follow of followUps) follow();
  return value;
}

type Outcome<R> = { committed: true; value: R } | { committed: false; reason?: unknown };

async function tryOnce<R>(
  collected: Collected,
  act: (work: Work) => Promise<R>,
  mayCommit: () => boolean = () => true,
): Promise<Outcome<R>> {
  const value = await act(collected.work);
  // Others stand in line for the same thing already: what was read here is about to be stale.
  if (collected.statements.length > 0 && !mayCommit()) return { committed: false };
  try {
    return (await commit(collected)) ? { committed: true, value } : { committed: false };
  } catch (error) {
    if (isConflict(error)) return { committed: false, reason: error };
    const place = duplicatePlace(error);
    const reaction = place === undefined ? undefined : collected.duplicates.get(place);
    if (reaction === 'retry') return { committed: false };
    if (reaction !== undefined) throw reaction();
    throw error;
  }
}

/** Sends everything in one transaction; false when a guarded document had changed meanwhile. */
async function commit({ statements }: Collected): Promise<boolean> {
  if (statements.length === 0) return true;
  await validateAll(statements);
  return commitTogether(statements);
}

interface Collected {
  work: Work;
  statements: Statement[];
  /** By collection and index. */
  duplicates: Map<string, OnDuplicate>;
  followUps: (() => void)[];
  /** What rivals may be fighting over: the first document changed here. */
  contendedKey(): string;
}

function collect(origin: WorkOrigin, { isRehearsal = false } = {}): Collected {
  const statements: Statement[] = [];
  const events: StoredEvent[] = [];
  const duplicates: Collected['duplicates'] = new Map();
  const followUps: (() => void)[] = [];
  const add = (key: string, run: Statement['run']): void => {
    statements.push({ key, run, guarded: false });
  };

  const insertInto = <T>(model: Model<T>, document: T): void => {
    // Mongoose's operation type speaks of any document; the model's own type was checked by the signature.
    add(model.collection.name, {
      model: model.modelName,
      name: 'insertOne',
      document,
    } as Operation);
  };

  const work: Work = {
    isRehearsal,
    insert: <T extends Versioned>(
      model: Model<T>,
      document: Omit<T, 'version' | 'createdAt' | 'updatedAt'>,
    ) => {
      const now = origin.now();
      // The three bookkeeping fields complete the document's type.
      const complete = {
        ...document,
        version: 1,
        createdAt: now,
        updatedAt: now,
      } as T;
      insertInto(model, complete);
      return complete;
    },
    insertPlain: insertInto,
    update: <T extends Versioned>(model: Model<T>, before: T, patch: Partial<T>) => {
      const $set = {
        ...patch,
        updatedAt: origin.now(),
        version: before.version + 1,
      };
      const filter = { _id: before._id, version: before.version };
      statements.push({
        key: String(before._id),
        guarded: true,
        validate: () => model.validate($set, Object.keys($set)),
        run: { model: model.modelName, name: 'updateOne', filter, update: { $set } },
      });
      return { ...before, ...$set };
    },
    updateWhere: (model, filter, patch) => {
      add(model.collection.name, (session) => model.updateMany(filter, patch, { session }).exec());
    },
    deleteWhere: (model, filter) => {
      add(model.collection.name, (session) => model.deleteMany(filter, { session }).exec());
    },
    record: (name, event) => {
      events.push(eventOf(origin, name, event));
    },
    onDuplicate: (model, index, reaction) => {
      duplicates.set(`${model.collection.name} ${index}`, reaction);
    },
    afterCommit: (act) => {
      followUps.push(act);
    },
  };

  return {
    work,
    get statements() {
      const announcing = events.map((document): Statement => ({
        key: EventModel.collection.name,
        guarded: false,
        run: { model: EventModel.modelName, name: 'insertOne', document },
      }));
      return [...statements, ...announcing];
    },
    duplicates,
    followUps,
    contendedKey: () =>
      statements.find((statement) => statement.guarded)?.key ?? statements[0]?.key ?? 'nothing',
  };
}

function eventOf(origin: WorkOrigin, name: string, event: EventDraft): StoredEvent {
  return {
    _id: new mongoose.Types.ObjectId(),
    name,
    at: origin.now(),
    actorId: event.actorId ?? (origin.actorId === null ? null : new mongoose.Types.ObjectId(origin.actorId)),
    operationId: origin.operationId,
    requestId: origin.requestId,
    projectId: event.projectId ?? null,
    subject: {
      type: event.subject.type,
      id: String(event.subject.id),
      version: event.subject.version ?? null,
    },
    changes: event.changes ?? [],
    data: event.data ?? {},
  };
}
