import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import { ask } from './client.ts';

const folder = join(import.meta.dirname, '../grafana');

/** Words of PromQL that stand where a metric could. */
const notMetrics = new Set([
  'time',
  'sum',
  'min',
  'max',
  'rate',
  'increase',
  'absent',
  'histogram_quantile',
  'by',
  'and',
]);

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly gridPos: { x: number; y: number; w: number; h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

function dashboardPanels(): readonly Panel[] {
  return (JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Panel[] }).panels;
}

const dashboardQueries = (): string[] =>
  dashboardPanels().flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

function alertQueries(): string[] {
  const text = readFileSync(join(folder, 'alerts.yaml'), 'utf8');
  const queries = [...text.matchAll(/^ +expr: (.+)$/gm)].map(([, expr = '']) => expr);
  expect(queries).to.have.length([...text.matchAll(/- alert: /g)].length);
  return queries;
}

/** The metrics and the labels that a query names. */
function namesIn(query: string): { metrics: string[]; labels: string[] } {
  const labels = [...query.matchAll(/(\w+)\s*=~?"/g), ...query.matchAll(/by \(([^)]*)\)/g)];
  const bare = query.replace(/\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)|"[^"]*"/g, ' ');
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*/g)].map(([word]) => word);
  return {
    metrics: words.filter((word) => !notMetrics.has(word)),
    labels: labels.flatMap(([, names = '']) => names.split(/,\s*/)),
  };
}

/** What `/metrics` of a service that has done some work has. */
async function exposed(): Promise<{ metrics: Set<string>; labels: Set<string> }> {
  const service = await startService(readConfig({ PORT: '0' }), { write: () => {} });
  const agent = new Agent({ keepAlive: true });
  await ask(agent, `${service.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 1 } });
  while ((await ask(agent, `${service.url}/products/p1`)).status !== 200);
  const { body } = await ask(agent, `${service.url}/metrics`);
  agent.destroy();
  await service.stop();
  const metrics = new Set<string>();
  for (const [, name = '', type] of body.matchAll(/^# TYPE (\S+) (\w+)$/gm)) {
    metrics.add(name);
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) metrics.add(`${name}_${part}`);
  }
  return { metrics, labels: new Set([...body.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label)) };
}

describe('grafana', () => {
  let has: Awaited<ReturnType<typeof exposed>>;
  before(async () => (has = await exposed()));

  it('asks only for metrics and labels that /metrics has', () => {
    const queries = [...dashboardQueries(), ...alertQueries()];
    expect(queries).to.have.length.above(30);
    // Prometheus itself adds the instance; the collections that run give garbage collection its kinds.
    const known = new Set([...has.labels, 'instance', 'kind']);
    for (const query of queries) {
      const { metrics, labels } = namesIn(query);
      expect(metrics, query).not.to.have.length(0);
      for (const name of metrics) expect([...has.metrics], query).to.include(name);
      for (const name of labels) expect([...known], query).to.include(name);
    }
  });

  it('shows every metric of the service', () => {
    const shown = new Set(dashboardQueries().flatMap((query) => namesIn(query).metrics));
    const families = [...has.metrics].filter(
      (name) => name.startsWith('product_updates_') && !/_(?:bucket|sum|count)$/.test(name),
    );
    expect(families).to.have.length(20);
    for (const name of families) {
      expect(shown.has(name) || shown.has(`${name}_bucket`) || shown.has(`${name}_count`), name).to.equal(true);
    }
  });

  it('lays its panels out without an overlap', () => {
    const placed = dashboardPanels();
    for (const [index, { gridPos: a, title }] of placed.entries()) {
      expect(a.x + a.w, title).to.be.at.most(24);
      for (const { gridPos: b, title: other } of placed.slice(index + 1)) {
        const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
        expect(apart, `${title} and ${other}`).to.equal(true);
      }
    }
  });
});
