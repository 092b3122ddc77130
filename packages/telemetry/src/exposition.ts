import { Registry, collectDefaultMetrics, type Metric } from 'prom-client';
import type { Family, Sample } from './families.ts';

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** The Prometheus text of these families and of Node's own metrics. */
export async function expose(families: readonly Family[]): Promise<Exposition> {
  const registry = new Registry();
  for (const family of families) registry.registerMetric(asMetric(family));
  const node = nodeMetrics();
  const [own, nodes] = await Promise.all([registry.metrics(), node.metrics()]);
  return { contentType: registry.contentType, body: `${own}\n${nodes}` };
}

/** One for the process, whose numbers they are; made at the first call, because it starts to measure the event loop. */
let nodeRegistry: Registry | undefined;

export function nodeMetrics(): Registry {
  if (nodeRegistry === undefined) {
    nodeRegistry = new Registry();
    collectDefaultMetrics({ register: nodeRegistry });
  }
  return nodeRegistry;
}

/** All that a registry asks of a metric is its name and `get()`: its own classes, which count by themselves, are not needed. */
function asMetric(family: Family): Metric {
  const { name, help, type } = family;
  const values = family.samples.map((sample) => ({ labels: {}, ...sample }) satisfies Sample);
  return { name, help, type, get: () => Promise.resolve({ name, help, type, values }) } as unknown as Metric;
}
