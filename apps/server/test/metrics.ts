import type { Answer } from './client.ts';

/** What a scrape told, by name without the prefix and with the labels as they stand: `events_settled_total{outcome="applied"}`. */
export interface Metrics {
  /** NaN where it is not told. */
  of(series: string): number;
  /** Over all labels. */
  sum(name: string): number;
}

export function metricsOf({ body }: Answer): Metrics {
  const values = new Map<string, number>();
  for (const line of body.split('\n')) {
    const [, series, value] = /^product_updates_(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
    if (series !== undefined) values.set(series, Number(value));
  }
  return {
    of: (series) => values.get(series) ?? Number.NaN,
    sum: (name) =>
      [...values].filter(([series]) => series.replace(/\{.*/, '') === name).reduce((sum, [, value]) => sum + value, 0),
  };
}
