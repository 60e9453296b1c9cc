import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Sending, TestApp } from '../app.ts';
import { eventually } from '../eventually.ts';
import type { Cast } from '../scene.ts';
import { effectOf, sendingOf, setStage, textOf, type Stage, type UseCase } from './use-cases.ts';
import type { HeldCommand, WireProxy } from './wire-proxy.ts';

type Send = (method: string, path: string, sending: Sending) => Promise<Answer>;

/** A process whose database commands fail, behind a proxy of its own. */
export interface Victim {
  proxy: WireProxy;
  send: Send;
  /** Makes it forget what it knows, so that it asks the database for everything. */
  forget(): void;
  /** Makes the held commands fail; resolves when the victim may be asked again. */
  fail(answered: Promise<unknown>): Promise<void>;
}

/** One way in which commands fail. */
export interface Fault {
  when: 'before' | 'after';
  /** Whether this command is worth a trial; all when absent. */
  isTried?(command: HeldCommand): boolean;
}

/** What a proof is made of. */
export interface Parts {
  cast: Cast;
  /** Who sets the stages and looks at the outcome, with an own connection to the database. */
  other: TestApp;
  victim(): Promise<Victim>;
  /** To whom a trial is sent again. */
  retry: Send;
}

/** What has been tried. */
export interface Tally {
  trials: number;
  sessions: number;
  byCommand: Record<string, number>;
}

interface Trial {
  useCase: UseCase;
  nth: number;
  stage: Stage;
  sending: ReturnType<typeof sendingOf>;
  answered: Promise<Answer | undefined>;
}

/** The product commits in two lanes: a third held transaction would keep all others waiting. */
const mostHeldTransactions = 2;
const mostAtOnce = 12;
const longestWaitMs = 1_500;
const longestInsistenceMs = 60_000;

/** What the use case leaves behind when nothing fails, and its commands. */
export interface Clean {
  effect: string;
  commands: readonly HeldCommand[];
}

/** Runs every use case without a fault. */
export async function cleanRuns(
  useCases: readonly UseCase[],
  victim: Victim,
  { cast, other }: Parts,
): Promise<Map<UseCase, Clean>> {
  const runs = new Map<UseCase, Clean>();
  for (const useCase of useCases) {
    const stage = await setStage(other, cast, useCase);
    const sending = sendingOf(useCase, stage, cast);
    victim.forget();
    void victim.proxy.holdNth(Infinity, 'before');
    const answer = await victim.send(sending.method, sending.path, sending.next());
    if (answer.status !== useCase.status) throw new Error(`${useCase.what} answered ${textOf(answer)}`);
    const commands = [...victim.proxy.counted()];
    runs.set(useCase, { effect: await effectOf(stage), commands });
  }
  return runs;
}

/**
 * Fails the first, second … command of every use case until it needs no more, several use cases side by side, and holds
 * what came of it against the faultless run. Gives what was different.
 */
export async function failEveryCommand(
  clean: Map<UseCase, Clean>,
  fault: Fault,
  parts: Parts,
  tally: Tally,
): Promise<string[]> {
  const faults: string[] = [];
  const left = new Map([...clean.keys()].map((useCase) => [useCase, 1]));
  const isTried = fault.isTried ?? (() => true);
  const nextOf = (useCase: UseCase): HeldCommand | undefined =>
    clean.get(useCase)?.commands.filter(isTried)[(left.get(useCase) ?? 1) - 1];
  while (left.size > 0) {
    const victim = await parts.victim();
    tally.sessions += 1;
    const chosen = choose([...left.keys()], nextOf);
    const trials = await Promise.all(
      chosen.map(async (useCase): Promise<Trial> => {
        const stage = await eventually(() => setStage(parts.other, parts.cast, useCase));
        const sending = sendingOf(useCase, stage, parts.cast);
        return { useCase, nth: left.get(useCase) ?? 1, stage, sending, answered: Promise.resolve(undefined) };
      }),
    );
    const open: Trial[] = [];
    let transactions = 0;
    for (const trial of trials) {
      if (transactions >= mostHeldTransactions) break;
      victim.forget();
      const held = victim.proxy.holdNth(trial.nth, fault.when, isTried);
      trial.answered = victim
        .send(trial.sending.method, trial.sending.path, trial.sending.next())
        .catch(() => undefined);
      open.push(trial);
      const outcome = await Promise.race([
        held,
        trial.answered.then(() => 'answered' as const),
        sleep(longestWaitMs),
      ]);
      if (outcome === 'answered') {
        // It needed no more commands.
        if (victim.proxy.counted().length < trial.nth) left.delete(trial.useCase);
        continue;
      }
      if (outcome === undefined) continue;
      if (outcome.inTransaction) transactions += 1;
      tally.trials += 1;
      tally.byCommand[outcome.name] = (tally.byCommand[outcome.name] ?? 0) + 1;
      left.set(trial.useCase, trial.nth + 1);
    }
    await victim.fail(Promise.all(open.map(({ answered }) => answered)));
    const judged = await Promise.all(open.map((trial) => judge(trial, clean.get(trial.useCase), parts)));
    faults.push(...judged.flat());
  }
  return faults;
}

/** As many use cases as can be held at once, those with the most before them first. */
function choose(useCases: UseCase[], next: (useCase: UseCase) => HeldCommand | undefined): UseCase[] {
  let transactions = 0;
  return useCases
    .filter((useCase) => {
      if (next(useCase)?.inTransaction !== true) return true;
      transactions += 1;
      return transactions <= mostHeldTransactions;
    })
    .slice(0, mostAtOnce)
    .sort((a, b) => Number(next(a)?.inTransaction ?? false) - Number(next(b)?.inTransaction ?? false));
}

/** Sends the request again until it has a final answer, and once more: one effect, one answer. */
async function judge(
  { useCase, nth, stage, sending, answered }: Trial,
  clean: Clean | undefined,
  { retry }: Parts,
) {
  const isFinal = (answer: Answer | undefined): answer is Answer =>
    answer !== undefined && answer.status < 500;
  const first = await answered;
  const answers = isFinal(first) ? [first] : [];
  const until = performance.now() + longestInsistenceMs;
  while (answers.length < 2 && performance.now() < until) {
    const next = await retry(sending.method, sending.path, sending.next()).catch(() => undefined);
    if (isFinal(next)) answers.push(next);
    else await sleep(50);
  }
  const name = `${useCase.what}, command ${String(nth)}`;
  const [one, two] = answers.map(textOf);
  const faults: string[] = [];
  const isEnd = (answer?: Answer): boolean => useCase.endsSession === true && answer?.status === 401;
  if (answers[0]?.status !== useCase.status && !isEnd(answers[0]))
    faults.push(`${name}: answered ${String(one)}`);
  if (one !== two && !isEnd(answers[1])) faults.push(`${name}: answered ${String(one)}, then ${String(two)}`);
  const effect = await eventually(() => effectOf(stage));
  if (effect !== clean?.effect) faults.push(`${name}: left ${differenceOf(effect, clean?.effect ?? '')}`);
  return faults;
}

/** The lines of one text that the other has not. */
function differenceOf(found: string, expected: string): string {
  const [one, two] = [found.split('\n'), expected.split('\n')];
  const [more, less] = [one.filter((line) => !two.includes(line)), two.filter((line) => !one.includes(line))];
  return `${more.join('\n')} instead of ${less.join('\n')}`;
}
