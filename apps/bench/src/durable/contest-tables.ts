import { rate, ratio, type Table } from '../report/markdown.ts';
import { median, ratios } from '../stats.ts';
import type { Contest, PassRates } from './contest.ts';

/** What both sides reached, and what it cost this process. */
export function contestTable(names: { readonly ours: string; readonly bare: string }, contest: Contest): Table {
  const rows = (title: string, rates: PassRates): string[][] =>
    (['ours', 'bare'] as const).map((side) => [
      `${names[side]}, ${title}`,
      rate(median(perSecond(rates, side))),
      ratio(ratios(perSecond(rates, side), perSecond(rates, 'bare'))),
      median(rates[side].map(({ cpuMs }) => cpuMs)).toFixed(2),
    ]);
  return {
    columns: ['products/s', 'median', `of ${names.bare}`, 'CPU ms per 1,000'],
    rows: [...rows('first inserts', contest.inserts), ...rows('updates', contest.updates)],
  };
}

export function perSecond(rates: PassRates, side: keyof PassRates): number[] {
  return rates[side].map((pass) => pass.perSecond);
}
