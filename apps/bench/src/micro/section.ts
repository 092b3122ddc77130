import { rate, ratio, type Section } from '../report/markdown.ts';
import { ratios, spreadOf } from '../stats.ts';
import type { SuiteResult } from './run-suite.ts';
import type { SuiteName } from './suites.ts';

interface Heading {
  readonly title: string;
  readonly unit: string;
  readonly text: string;
  /** The contestant that the others are compared to. */
  readonly comparedTo?: string;
}

const headings: Readonly<Record<SuiteName, Heading>> = {
  channel: {
    title: 'Channel',
    unit: 'items/s',
    text: 'One producer, one consumer, a buffer of 1,024. fastq is paused while it is filled: otherwise nothing would wait in it.',
    comparedTo: 'fastq, callbacks',
  },
  pool: {
    title: 'Worker pool',
    unit: 'items/s',
    text: 'A million keys, each once, through work that does nothing; at most 6,000 inside, batches of up to 500.',
  },
  domain: { title: 'Domain', unit: 'updates/s', text: 'The rules alone, on updates that pass them.' },
  pipeline: {
    title: 'Pipeline, memory to memory',
    unit: 'updates/s',
    text: 'Published in arrays of 1,000, received, coalesced, applied, acknowledged; three lanes, batches of up to 500.',
  },
};

export function suiteSection(name: SuiteName, results: readonly SuiteResult[]): Section {
  const { title, unit, text, comparedTo } = headings[name];
  const reference = results.find((result) => result.name === comparedTo);
  const columns = [unit, 'median', 'smallest', 'largest'];
  const rows = results.map(({ name: contestant, rates }) => {
    const { median, min, max } = spreadOf(rates);
    const row = [contestant, rate(median), rate(min), rate(max)];
    return reference === undefined ? row : [...row, ratio(ratios(rates, reference.rates))];
  });
  const table = { columns: reference === undefined ? columns : [...columns, `of ${reference.name}`], rows };
  return { title, paragraphs: [text], tables: [table] };
}
