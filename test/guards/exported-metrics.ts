import { makeMetrics } from '../../src/observability/metrics.ts';

/** The labels of each time series that a scrape of the server shows. */
export async function exportedSeries(): Promise<Map<string, Set<string>>> {
  const metrics = makeMetrics({
    inFlight: () => 0,
    eventLoopDelaySeconds: () => 0,
    pool: () => ({ open: 0, inUse: 0 }),
    streams: () => 0,
    background: async () => ({
      log: { sequencerLagSeconds: 0, followers: [{ name: 'one', lag: 0, parked: 0 }] },
      jobs: { lagSeconds: 0, parked: 0 },
    }),
  });
  metrics.observeRequest('GET', '/api/', 500, 0.1);
  metrics.observeCommand('find', 0.1, true);
  const series = new Map<string, Set<string>>();
  for (const line of (await metrics.render()).split('\n')) {
    const [, name, labels = ''] = /^([a-z_:][\w:]*)(?:\{(.*)\})? /i.exec(line) ?? [];
    if (name === undefined) continue;
    const known = series.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    series.set(name, known);
  }
  return series;
}

/** What a PromQL expression speaks of. */
export interface Mentioned {
  /** Each selector with the labels it filters by. */
  selectors: { name: string; labels: string[] }[];
  /** Labels that results are grouped by. */
  grouping: string[];
}

const keywords = ['and', 'or', 'unless'];

/** Takes an expression apart: a name before a bracket is a function, any other a series. */
export function mentionedIn(expression: string): Mentioned {
  const mentioned: Mentioned = { selectors: [], grouping: [] };
  const withoutGroups = expression.replace(/\b(?:by|without)\s*\(([^)]*)\)/g, (_all, list: string) => {
    mentioned.grouping.push(...list.split(',').map((label) => label.trim()));
    return '';
  });
  const token = /"[^"]*"|\{([^}]*)\}|\[[^\]]*\]|([a-zA-Z_:][\w:]*)(\s*\()?/g;
  for (const [, filter, word, bracket] of withoutGroups.matchAll(token)) {
    if (filter !== undefined) {
      const labels = [...filter.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label);
      mentioned.selectors.at(-1)?.labels.push(...labels);
    } else if (word !== undefined && bracket === undefined && !keywords.includes(word))
      mentioned.selectors.push({ name: word, labels: [] });
  }
  return mentioned;
}
