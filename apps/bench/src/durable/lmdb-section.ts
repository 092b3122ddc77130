import { rate, ratio, type Section, type Table } from '../report/markdown.ts';
import { median, ratios } from '../stats.ts';
import type { Contest } from './contest.ts';
import { contestTable } from './contest-tables.ts';
import { queueCases, type QueueCase, type QueueResult } from './lmdb-queue.ts';

const queueText = `**queue-lmdb**: published by 64 publishers one at a time or by 4 in arrays of 1,000, received in batches of 500 and
acknowledged, until all are through; beside the queue in memory, which keeps objects and encodes nothing.`;

const storeText = `**repository-lmdb**: distinct products in batches of 500, three at once; beside \`lmdb\` alone, which puts 32 bytes for each
product in one commit a batch, and reads and merges nothing. CPU ms: for 1,000 messages or products, all threads of the process.`;

export function lmdbSection(queue: QueueResult, store: Contest): Section {
  const names = { ours: 'repository-lmdb', bare: 'bare puts' };
  return {
    title: 'LMDB',
    paragraphs: [queueText, storeText],
    tables: [...queueCases.map((name) => queueTable(name, queue)), contestTable(names, store)],
  };
}

function queueTable(name: QueueCase, result: QueueResult): Table {
  const rates = (queue: 'lmdb' | 'memory'): number[] => result[name][queue].map(({ perSecond }) => perSecond);
  return {
    columns: [`messages/s, ${name}`, 'median', 'of memory', 'CPU ms per 1,000'],
    rows: (['lmdb', 'memory'] as const).map((queue) => [
      `queue in ${queue}`,
      rate(median(rates(queue))),
      ratio(ratios(rates(queue), rates('memory'))),
      median(result[name][queue].map(({ cpuMs }) => cpuMs)).toFixed(2),
    ]),
  };
}
