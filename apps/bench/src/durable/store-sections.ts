import { rate, type Section } from '../report/markdown.ts';
import type { Contest } from './contest.ts';
import { contestTable, perSecond } from './contest-tables.ts';
import { figuresTable, quotients, share, type Figure } from './figures.ts';
import type { PostgresResult } from './postgres.ts';

const how = `Distinct products in batches of 500, three at once as the service's lanes; in each round new ones first, which are then
updated in another order. Both sides take turns. CPU ms: of our process alone, for 1,000 products.`;

export function postgresSection(result: PostgresResult): Section {
  const names = { ours: 'repository-postgres', bare: 'the bare statement' };
  const bare = `**The bare statement**: the same insert … on conflict by \`pg\`, prepared by name on three connections, with array
parameters that were made before; the answers are counted and thrown away.`;
  const figures: Figure[] = [
    ...throughput(result),
    ...shares(result),
    { name: 'HOT share of updates', values: [result.hotScattered], format: share, must: { atLeast: 0.9 } },
  ];
  const order = `Where a batch updates 500 rows that lie side by side (an import in the order of the first one), the HOT share is ${share(result.hotInOrder)}.`;
  const tables = [contestTable(names, result), figuresTable(figures)];
  return { title: 'PostgreSQL', paragraphs: [how, bare, order], tables };
}

export function redisSection(result: Contest): Section {
  const names = { ours: 'repository-redis', bare: 'the bare script' };
  const bare = `**The bare script**: the same script by its hash, for as many products a call, all calls of a batch in one pipeline of
\`@redis/client\`, with arguments that were made before; the answers are counted and thrown away.`;
  const tables = [contestTable(names, result), figuresTable(shares(result))];
  return { title: 'Redis', paragraphs: [how, bare], tables };
}

function throughput({ inserts, updates }: Contest): Figure[] {
  const must = { atLeast: 100_000 };
  return [
    { name: 'first inserts a second', values: perSecond(inserts, 'ours'), format: rate, must },
    { name: 'updates a second', values: perSecond(updates, 'ours'), format: rate, must },
  ];
}

function shares({ inserts, updates }: Contest): Figure[] {
  const of = (rates: Contest['inserts']): number[] => quotients(perSecond(rates, 'ours'), perSecond(rates, 'bare'));
  const must = { atLeast: 0.8 };
  return [
    { name: 'first inserts, of bare', values: of(inserts), format: share, must },
    { name: 'updates, of bare', values: of(updates), format: share, must },
  ];
}
