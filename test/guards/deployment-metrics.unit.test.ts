import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { exportedSeries, mentionedIn } from './exported-metrics.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../observability/${path}`, import.meta.url), 'utf8');

/** Put on every series by the scrape, not by the server. */
const fromTheScrape = ['job', 'instance'];

interface Expression {
  where: string;
  text: string;
  /** Text that shows labels, as `{{route}}` or `{{ $labels.route }}`. */
  shown: string;
}

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description?: string };
}

interface Panel {
  id: number;
  title: string;
  targets: { expr: string; legendFormat: string; refId: string }[];
  gridPos: { x: number; y: number; w: number; h: number };
}

const alerts: { groups: { rules: Rule[] }[] } = parse(read('alerts.yml'));
const rules = alerts.groups.flatMap((group) => group.rules);
const dashboard: { panels: Panel[] } = JSON.parse(read('dashboard.json'));

const expressions: Expression[] = [
  ...rules.map((rule) => ({
    where: rule.alert,
    text: rule.expr,
    shown: Object.values(rule.annotations).join(' '),
  })),
  ...dashboard.panels.flatMap((panel) =>
    panel.targets.map((target) => ({
      where: `${panel.title} ${target.refId}`,
      text: target.expr,
      shown: target.legendFormat,
    })),
  ),
];

let series: Map<string, Set<string>>;
beforeAll(async () => {
  series = await exportedSeries();
});

describe('alerts and dashboard speak only of what the server exports', () => {
  it.each(expressions)('$where', ({ text, shown }) => {
    const { selectors, grouping } = mentionedIn(text);
    expect(selectors).not.toEqual([]);
    const labels = new Set(fromTheScrape);
    for (const { name, labels: filtered } of selectors) {
      expect([...series.keys()]).toContain(name);
      const own = [...(series.get(name) ?? []), ...fromTheScrape];
      expect(own).toEqual(expect.arrayContaining(filtered));
      // Without the job a second program with the same names would be counted in.
      expect(filtered).toContain('job');
      for (const label of own) labels.add(label);
    }
    expect([...labels]).toEqual(expect.arrayContaining(grouping));
    const named = [...shown.matchAll(/\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}/g)].map(([, label = '']) => label);
    // What a sum has dropped cannot be shown.
    const isSummed = /\b(sum|max|count|min|avg)\b/.test(text);
    expect(isSummed ? grouping : [...labels]).toEqual(expect.arrayContaining(named));
  });

  it('takes histograms apart by le only', () => {
    for (const { text } of expressions.filter((one) => one.text.includes('histogram_quantile')))
      expect(mentionedIn(text).grouping).toContain('le');
  });

  it('has an alert for everything the operators are told to watch', () => {
    const all = rules.map(({ expr }) => expr).join('\n');
    for (const name of ['http_request_errors_total', '/health/ready', 'event_loop_delay_seconds > 0.2'])
      expect(all.replaceAll('{job="pro-tasker"}', '')).toContain(name);
  });
});

describe('alerts', () => {
  it.each(rules)('$alert says how bad it is and what has happened', ({ labels, annotations, expr }) => {
    expect(['page', 'ticket']).toContain(labels.severity);
    expect(annotations.summary).toMatch(/\S/);
    expect(expr).toContain('job="pro-tasker"');
  });

  it('have names of their own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  it('are loaded by the configuration, which calls the job by the name they use', () => {
    const prometheus = parse(read('prometheus.yml'));
    expect(prometheus.rule_files).toEqual(['alerts.yml']);
    expect(prometheus.scrape_configs).toMatchObject([{ job_name: 'pro-tasker', metrics_path: '/metrics' }]);
  });
});

describe('the dashboard', () => {
  it('has panels with ids of their own that do not overlap', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${String(x + (at % w))}/${String(y + Math.floor(at / w))}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });
});

describe('taking an expression apart', () => {
  it('finds series with their labels, and groups', () => {
    const text = 'sum by (le, x) (rate(a_bucket{job="j", b!~"c|d"}[5m])) / max(e_total) > 3 * 10';
    expect(mentionedIn(text)).toEqual({
      selectors: [
        { name: 'a_bucket', labels: ['job', 'b'] },
        { name: 'e_total', labels: [] },
      ],
      grouping: ['le', 'x'],
    });
  });
});
