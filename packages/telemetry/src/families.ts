import type { HistogramSnapshot } from './histogram.ts';

/** One line of the exposition. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string | number>>;
  /** Where it is not the family's name: the parts of a histogram. */
  readonly metricName?: string;
}

/** One metric with all its samples. Without samples (the value is not known now) only its name and help are told. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

const PREFIX = 'product_updates_';

export function counter(name: string, help: string, value: number): Family {
  return { name: PREFIX + name, help, type: 'counter', samples: [{ value }] };
}

export function counterBy(
  name: string,
  help: string,
  label: string,
  entries: readonly (readonly [string, number])[],
): Family {
  const samples = entries.map(([is, value]) => ({ labels: { [label]: is }, value }));
  return { name: PREFIX + name, help, type: 'counter', samples };
}

/** `null`: not known, or there is none. */
export function gauge(name: string, help: string, value: number | null, labels: Record<string, string> = {}): Family {
  return { name: PREFIX + name, help, type: 'gauge', samples: value === null ? [] : [{ value, labels }] };
}

export function histogram(
  name: string,
  help: string,
  series: readonly { readonly labels?: Readonly<Record<string, string>>; readonly snapshot: HistogramSnapshot }[],
): Family {
  const full = PREFIX + name;
  const samples = series.flatMap(({ labels = {}, snapshot }) => histogramSamples(full, labels, snapshot));
  return { name: full, help, type: 'histogram', samples };
}

function histogramSamples(name: string, labels: Readonly<Record<string, string>>, held: HistogramSnapshot): Sample[] {
  const buckets = held.cumulative.map((value, index) => ({
    metricName: `${name}_bucket`,
    labels: { le: held.bounds[index] ?? '+Inf', ...labels },
    value,
  }));
  const count = held.cumulative.at(-1) ?? 0;
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: held.sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
