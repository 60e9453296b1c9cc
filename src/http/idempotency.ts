import { createHash } from 'node:crypto';
import { isAtLeast, roleIn, type Actor, type ProjectRole } from '../access/index.ts';
import { objectId } from '../db/base-schema.ts';
import { takeTurns } from '../db/turns.ts';
import { unitOfWork, type Work, type WorkOrigin } from '../db/unit-of-work.ts';
import type { Deps } from '../deps.ts';
import { Problem, type Fault } from '../errors/index.ts';
import { AnswerModel, type StoredAnswer } from './idempotency.model.ts';
import type { Rendered } from './rendered.ts';

/** A request that wants its effect once, however often it is sent. */
export interface Claim {
  readonly id: string;
  readonly fingerprint: string;
  readonly actor: Actor;
  /** Set when an answer of more than a day ago is still there. */
  hasExpired?: boolean;
}

/** The projects an answer shows something of, with the role the caller had in them. */
export type Shown = ReadonlyMap<string, ProjectRole>;

const visibleAscii = /^[\x21-\x7e]{1,255}$/;
const keptForMs = 24 * 3_600_000;
/** Longer answers are kept without their body, so that keys cannot fill the database. */
const mostKeptBytes = 128 * 1024;

/** Another request with the same key has committed first: its answer is the one to give. */
class AlreadyAnswered extends Error {}

/** Reads the key; undefined when there is none. Adds a fault when it is malformed. */
export function readIdempotencyKey(
  header: string | string[] | undefined,
  faults: Fault[],
): string | undefined {
  if (header === undefined) return undefined;
  const key = String(header);
  if (visibleAscii.test(key)) return key;
  faults.push({
    pointer: '/header/idempotency-key',
    detail: 'must have 1 to 255 visible ASCII characters, without spaces',
  });
  return undefined;
}

/** The claim of one user's request under a key: the same key of another user is another claim. */
export function claimOf(
  actor: Actor,
  key: string,
  request: { method: string; address: string; body: unknown },
  fingerprint: Deps['fingerprint'],
): Claim {
  return {
    id: digest(`${actor.userId} ${key}`),
    // A body may hold a password.
    fingerprint: fingerprint(
      `${request.method} ${request.address} ${JSON.stringify(sorted(request.body)) ?? ''}`,
    ),
    actor,
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The value with the members of its objects in one order: clients may write the same body in another one. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}

/** Puts the answer into the work, to commit with what it answers. */
export function keep(
  work: Work,
  claim: Claim,
  answer: Rendered,
  { shown, now }: { shown: Shown; now: Date },
): void {
  const isKept = answer.text !== null && Buffer.byteLength(answer.text) <= mostKeptBytes;
  if (claim.hasExpired === true) work.deleteWhere(AnswerModel, { _id: claim.id, expiresAt: { $lte: now } });
  work.insertPlain<StoredAnswer>(AnswerModel, {
    _id: claim.id,
    fingerprint: claim.fingerprint,
    status: answer.status,
    headers: answer.headers,
    text: isKept ? String(answer.text) : null,
    projects: [...shown].map(([id, role]) => ({
      projectId: objectId(id),
      // Owner and managers read the addresses of people; below them everybody reads the same.
      asManager: isAtLeast(role, 'manager'),
    })),
    siteRoles: [...claim.actor.siteRoles],
    expiresAt: new Date(now.getTime() + keptForMs),
  });
  work.onDuplicate(AnswerModel, '_id_', () => new AlreadyAnswered());
}

/** How to make the answer for the first time: `act` keeps it under the claim; `refused` keeps what `act` threw, and throws. */
export interface FirstTime {
  act(): Promise<Rendered>;
  refused(error: unknown): Promise<never>;
}

/**
 * Gives the stored answer of the claim, or makes it. Repeats in this process wait for the first one, at most
 * `longestWaitMs`; of rivals in different processes one commits and the others give its answer.
 * Throws `idempotency.in_progress` and `idempotency.key_reused`.
 */
export async function once(
  claim: Claim,
  deps: Deps,
  first: FirstTime,
  longestWaitMs = 5_000,
): Promise<Rendered> {
  return inTurn(`idempotency ${claim.id}`, longestWaitMs, async () => {
    const stored = await replay(claim, deps);
    if (stored !== undefined) return stored;
    try {
      return await first.act().catch((error: unknown) => {
        if (error instanceof AlreadyAnswered) throw error;
        return first.refused(error);
      });
    } catch (error) {
      if (!(error instanceof AlreadyAnswered)) throw error;
      const theirs = await replay(claim, deps);
      if (theirs === undefined) throw new Problem('server.busy', { cause: error });
      return theirs;
    }
  });
}

/** Runs `act` after those who came before, unless that takes too long. Throws `idempotency.in_progress`. */
export async function inTurn<R>(key: string, longestWaitMs: number, act: () => Promise<R>): Promise<R> {
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  const lateness = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new Problem('idempotency.in_progress', { retryAfterSeconds: 1 }));
    }, longestWaitMs);
  });
  const turn = takeTurns(key, async () => {
    clearTimeout(timer);
    // Whoever asked has been told so already.
    if (isLate) throw new Problem('idempotency.in_progress');
    return act();
  });
  return Promise.race([turn, lateness]);
}

/** Keeps a refusal: there was nothing to commit it with. */
export async function keepRefusal(
  origin: WorkOrigin,
  claim: Claim,
  answer: Rendered,
  shown: Shown,
): Promise<void> {
  await unitOfWork(origin, (work) => {
    keep(work, claim, answer, { shown, now: origin.now() });
    return Promise.resolve();
  });
}

/** The stored answer; its body only if the user is still at least what they were when it was made. */
async function replay(claim: Claim, deps: Deps): Promise<Rendered | undefined> {
  const stored = await AnswerModel.findOne({ _id: claim.id }).lean<StoredAnswer>().exec();
  if (stored === null) return undefined;
  if (stored.expiresAt <= deps.clock.now()) {
    claim.hasExpired = true;
    return undefined;
  }
  if (stored.fingerprint !== claim.fingerprint) throw new Problem('idempotency.key_reused');
  const replayed = { 'Idempotency-Replayed': 'true' };
  if (stored.text === null || !(await mayStillRead(claim.actor, stored, deps)))
    return { status: stored.status, headers: replayed, text: null };
  return { status: stored.status, headers: { ...stored.headers, ...replayed }, text: stored.text };
}

async function mayStillRead(actor: Actor, stored: StoredAnswer, deps: Deps): Promise<boolean> {
  if (!stored.siteRoles.every((role) => (actor.siteRoles as readonly string[]).includes(role))) return false;
  for (const { projectId, asManager } of stored.projects) {
    const project = await deps.caches.projects.get(projectId.toHexString());
    const now = project === null ? undefined : roleIn(project, actor.userId);
    if (now === undefined || (asManager && !isAtLeast(now, 'manager'))) return false;
  }
  return true;
}
