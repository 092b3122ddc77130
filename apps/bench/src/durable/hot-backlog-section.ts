import { rate, type Section } from '../report/markdown.ts';
import { figuresTable, type Figure } from './figures.ts';
import type { HotBacklogJob, HotBacklogResult } from './hot-backlog.ts';

/** What was asked, and what came of it, by where it was. */
export interface HotBacklog {
  readonly job: Pick<HotBacklogJob, 'updates' | 'hotProducts'>;
  readonly results: readonly { readonly name: string; readonly result: HotBacklogResult }[];
}

const MOST_WRITES_PER_MILLION = 20_000;

export function hotBacklogSection({ job, results }: HotBacklog): Section {
  const { updates, hotProducts } = job;
  const text = `${rate(updates)} updates over ${hotProducts} products wait in the queue; then the pipeline starts on them, with 3 lanes and at most
500 updates in a write. **row writes**: inserts and updates as the database counted them; where it does not count, rows that \`apply\` changed.`;
  const columns = ['a hot backlog', 'row writes', 'rows changed', 'writes', 'updates/s'];
  const rows = results.map(({ name, result }) => [
    name,
    result.rowWrites?.toLocaleString('en') ?? '–',
    result.rowsChanged.toLocaleString('en'),
    result.applies.toLocaleString('en'),
    rate(updates / result.seconds),
  ]);
  const figures = results.map(({ name, result }): Figure => {
    const most = Math.max(hotProducts, (MOST_WRITES_PER_MILLION * updates) / 1e6);
    const values = [result.rowWrites ?? result.rowsChanged];
    return {
      name: `row writes, ${name}`,
      values,
      format: (value) => value.toLocaleString('en'),
      must: { atMost: most },
    };
  });
  return { title: 'A hot backlog', paragraphs: [text], tables: [{ columns, rows }, figuresTable(figures)] };
}
