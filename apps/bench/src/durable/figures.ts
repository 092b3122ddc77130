import type { Table } from '../report/markdown.ts';
import { spreadOf } from '../stats.ts';

/** A figure that was promised. */
export interface Figure {
  readonly name: string;
  /** One a round. */
  readonly values: readonly number[];
  readonly format: (value: number) => string;
  readonly must: { readonly atLeast: number } | { readonly atMost: number };
}

/** The median decides. */
export function figuresTable(figures: readonly Figure[]): Table {
  return {
    columns: ['must reach', 'median', 'smallest', 'largest', 'must', 'reached'],
    rows: figures.map((figure) => {
      const { median, min, max } = spreadOf(figure.values);
      const shown = [median, min, max].map(figure.format);
      return [figure.name, ...shown, mustOf(figure), isReached(figure, median) ? 'yes' : 'NO'];
    }),
  };
}

function mustOf({ must, format }: Figure): string {
  return 'atLeast' in must ? `≥ ${format(must.atLeast)}` : `≤ ${format(must.atMost)}`;
}

function isReached({ must }: Figure, value: number): boolean {
  return 'atLeast' in must ? value >= must.atLeast : value <= must.atMost;
}

/** 0.81 */
export function share(value: number): string {
  return value.toFixed(2);
}

/** Of each pair, the first by the second. */
export function quotients(of: readonly number[], to: readonly number[]): number[] {
  return of.map((value, index) => value / (to[index] ?? Number.NaN));
}
