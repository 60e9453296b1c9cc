import { contenderTitles, slots, startUpGoals, type Slot } from './workloads.ts';
import { median, ratioOf, type Ratio } from './statistics.ts';
import type { RivalsResult } from './checks.ts';
import type { RoundsResult, Series } from './rounds.ts';
import type { StartUp } from './start-up.ts';
import type { ContenderName } from './types.ts';

/** Where and how the figures were taken. */
export interface Circumstances {
  date: string;
  command: string;
  commit: string;
  machine: string;
  versions: [name: string, version: string][];
  rounds: number;
  seconds: number;
  tasks: number;
  /** Why Parse Server is not in the table, or null when it is. */
  parseMissing: string | null;
  indexesLeftOut: string[];
}

/** Everything the report is made of. */
export interface Results {
  circumstances: Circumstances;
  rounds: RoundsResult;
  startUps: StartUp[];
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
/** A ratio with its spread. */
export const ratioText = (ratio: Ratio) =>
  `${ratio.value.toFixed(2)} (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)})`;
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
/** A Markdown table whose columns after the first `texts` hold numbers. */
export const table = (texts: number, head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map((_, n) => (n < texts ? '---' : '--:'))), ...rows.map(row)].join('\n');
/** Whether a goal is met, in words. */
export const verdict = (met: boolean) => (met ? 'met' : '**not met**');

const find = (series: readonly Series[], slot: Slot, contender: ContenderName) =>
  series.find((one) => one.slot === slot && one.contender === contender);

/** The part of `microseconds per answer` that is known: none where the database runs elsewhere. */
const cpuText = (values: readonly number[]) => (values.length === 0 ? '–' : whole(median(values)));

const rateRows = (series: readonly Series[]) =>
  slots.flatMap((slot) => {
    const ours = find(series, slot, 'product');
    return (['product', 'limit', 'parse'] as const).flatMap((contender) => {
      const one = find(series, slot, contender);
      if (one === undefined || ours === undefined) return [];
      return [
        [
          `${slot.id} ${slot.workload}, ${slot.clients} ${slot.clients === 1 ? 'client' : 'clients'}`,
          contenderTitles[contender],
          `${whole(median(one.rates))} (${whole(Math.min(...one.rates))}–${whole(Math.max(...one.rates))})`,
          contender === 'product' ? '1' : ratioText(ratioOf(ours.rates, one.rates)),
          cpuText(one.serverCpu),
          cpuText(one.databaseCpu),
          median(one.p50).toFixed(1),
          median(one.p99).toFixed(1),
        ],
      ];
    });
  });

const rateGoalRows = (series: readonly Series[]) =>
  slots.flatMap((slot) => {
    const ours = find(series, slot, 'product');
    return (['limit', 'parse'] as const).flatMap((contender) => {
      const theirs = find(series, slot, contender);
      const goal = contender === 'limit' ? slot.goalLimit : slot.goalParse;
      const name = `${slot.id} ${slot.title}, ${slot.clients} ${slot.clients === 1 ? 'client' : 'clients'}`;
      const wanted = `≥ ${goal} × ${contenderTitles[contender]}`;
      if (ours === undefined || theirs === undefined) return [[name, wanted, 'not measured', '–']];
      const ratio = ratioOf(ours.rates, theirs.rates);
      return [[name, wanted, ratioText(ratio), verdict(ratio.value >= goal)]];
    });
  });

const rivalsRow = (rivals: readonly RivalsResult[]) => {
  const ours = rivals.filter(({ contender }) => contender === 'product');
  const right = ours.filter(({ won, refused, rivals: n }) => won === 1 && refused === n - 1).length;
  const text = `${right} of ${ours.length} contests with exactly one 200 and only 412 besides`;
  const name = `W4 ${ours[0]?.rivals ?? 0} rivals change one version at once`;
  return [name, 'exactly one winner', text, verdict(ours.length > 0 && right === ours.length)];
};

const startUpGoalRows = (startUps: readonly StartUp[]) => {
  const ours = startUps.find(({ contender }) => contender === 'product');
  const parse = startUps.find(({ contender }) => contender === 'parse');
  if (ours === undefined) return [];
  const { seconds, megabytes, shareOfParse } = startUpGoals;
  const ready = median(ours.readyAfter);
  const resident = median(ours.resident);
  const rows = [
    [
      'W12 start to ready',
      `≤ ${seconds.toFixed(1)} s`,
      `${(ready / 1000).toFixed(2)} s`,
      verdict(ready <= seconds * 1000),
    ],
    ['W12 memory at rest', `≤ ${megabytes} MB`, `${whole(resident)} MB`, verdict(resident <= megabytes)],
  ];
  if (parse === undefined) return rows;
  const share = (name: string, value: number) => [
    `W12 ${name}`,
    `≤ ${shareOfParse} × Parse Server`,
    value.toFixed(2),
    verdict(value <= shareOfParse),
  ];
  return [
    ...rows,
    share('start to ready', ready / median(parse.readyAfter)),
    share('memory at rest', resident / median(parse.resident)),
  ];
};

/** The median with the least and the greatest value, in whole numbers. */
export const spread = (values: readonly number[]) =>
  `${whole(median(values))} (${whole(Math.min(...values))}–${whole(Math.max(...values))})`;

/** The generated part of docs/performance.md as Markdown. */
export const renderReport = ({ circumstances, rounds, startUps }: Results): string => {
  const c = circumstances;
  const limitRivals = rounds.rivals.filter(({ contender }) => contender === 'limit');
  const limitRight = limitRivals.filter(({ won, refused, rivals: n }) => won === 1 && refused === n - 1);
  const notes = [
    `Every counted answer was judged: status, ids and contents; a wrong one ends the run. Contents were compared between the contenders ${rounds.comparisons} times.`,
    `The same contest of rivals at LIMIT: one winner in ${limitRight.length} of ${limitRivals.length}. Parse Server has no condition on a version, so every rival would win there.`,
    ...(c.parseMissing === null ? [] : [`**Parse Server was not measured:** ${c.parseMissing}`]),
    ...(c.indexesLeftOut.length === 0
      ? []
      : [
          `Task indexes that Parse Server does not have to keep, because it has no such field: ${c.indexesLeftOut.map((name) => `\`${name}\``).join(', ')}.`,
        ]),
  ];
  return [
    `Measured on ${c.date} at commit ${c.commit} by \`${c.command}\`: ${c.rounds} rounds of ${c.seconds} s per workload and contender after a warm-up, ${c.tasks.toLocaleString('en-US')} tasks, 200 users.`,
    `Machine: ${c.machine}. ${c.versions.map(([name, version]) => `${name} ${version}`).join(', ')}.`,
    '### Goals',
    table(
      4,
      ['workload', 'goal', 'ratio of medians (least–most of a round)', ''],
      [...rateGoalRows(rounds.series), rivalsRow(rounds.rivals), ...startUpGoalRows(startUps)],
    ),
    '### Rates',
    'Answers per second: median (least–most). Ratio: Pro-Tasker to this contender. CPU: microseconds per answer of the server process and of the database process. Latency in milliseconds, closed loop, so it mostly mirrors the rate.',
    table(
      2,
      ['workload', 'contender', 'answers/s', 'ratio', 'CPU server', 'CPU database', 'p50', 'p99'],
      rateRows(rounds.series),
    ),
    '### Start and memory (W12)',
    table(
      1,
      ['contender', 'start to ready, ms', 'memory at rest, MB'],
      startUps.map((one) => [contenderTitles[one.contender], spread(one.readyAfter), spread(one.resident)]),
    ),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
};

/** Puts a generated part between its markers in a document; throws when they are not there. */
export const insertReport = (document: string, part: 'bench' | 'streams', report: string): string => {
  const [first, last] = [`<!-- ${part}:begin -->`, `<!-- ${part}:end -->`];
  const begin = document.indexOf(first);
  const end = document.indexOf(last);
  if (begin === -1 || end < begin) throw new Error(`the document has no ${first} … ${last}`);
  return `${document.slice(0, begin + first.length)}\n\n${report}\n\n${document.slice(end)}`;
};
