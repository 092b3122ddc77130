import { ms, percent, rate, type Section } from '../report/markdown.ts';
import { median } from '../stats.ts';
import { figuresTable, type Figure } from './figures.ts';
import type { ReadResult } from './read-under-load.ts';

export interface StoreReads {
  readonly name: string;
  /** One a round. */
  readonly results: readonly ReadResult[];
}

/** Below it the p99 is not that of the asked load. */
const HELD_AT_LEAST = 0.98;
const P99_AT_MOST_MS = 20;

export function readSection(stores: readonly StoreReads[], perSecond: number, reads: number): Section {
  const text = `${rate(perSecond)} updates/s are applied in batches of 500, paced whether or not the store keeps up, at most three at once;
meanwhile single products are read ${rate(reads)} times a second by the store's \`get\` in the same process, and as often by HTTP from another one, over bare sockets.
The records are made in that process while it runs, their ids before.
Each read counts from when it was due; the timer's own millisecond is in it. **held**: share of the asked rate that was applied.`;
  const columns = ['ms', 'get p50', 'get p99', 'HTTP p50', 'HTTP p99', 'apply p50', 'apply p99', 'held'];
  const rows = stores.map(({ name, results }) => {
    const mid = (of: (result: ReadResult) => number): string => ms(median(results.map(of)));
    return [
      name,
      mid(({ get }) => get.p50Ms),
      mid(({ get }) => get.p99Ms),
      mid(({ http }) => http.p50Ms),
      mid(({ http }) => http.p99Ms),
      mid(({ applied }) => applied.p50Ms),
      mid(({ applied }) => applied.p99Ms),
      percent(median(results.map(({ applied }) => applied.held))),
    ];
  });
  return {
    title: 'Reading under load',
    paragraphs: [text],
    tables: [{ columns, rows }, figuresTable(stores.flatMap(figuresOf))],
  };
}

function figuresOf({ name, results }: StoreReads): Figure[] {
  const p99 = (way: 'get' | 'http'): number[] => results.map((result) => result[way].p99Ms);
  const must = { atMost: P99_AT_MOST_MS };
  return [
    { name: `${name}, get p99 ms`, values: p99('get'), format: ms, must },
    { name: `${name}, HTTP p99 ms`, values: p99('http'), format: ms, must },
    {
      name: `${name}, rate held`,
      values: results.map(({ applied }) => applied.held),
      format: percentOf,
      must: { atLeast: HELD_AT_LEAST },
    },
  ];
}

function percentOf(value: number): string {
  return percent(value);
}
