import type { Duration } from '../http/measure.ts';
import type { LoadGenerator } from '../load/load.ts';
import type { Section } from '../report/markdown.ts';
import { runApart } from './apart.ts';
import { createDataFolder } from './data-folder.ts';
import type { ContestOptions } from './contest.ts';
import { hotBacklogSection } from './hot-backlog-section.ts';
import { runDurableRounds } from './http-rounds.ts';
import { durableHttpSection } from './http-section.ts';
import { lmdbSection } from './lmdb-section.ts';
import type { DurablePart } from './parts.ts';
import { openSchemas } from './postgres-schema.ts';
import { readSection, type StoreReads } from './read-section.ts';
import { measureReads, type ReadResult } from './read-under-load.ts';
import { openPrefix } from './redis-prefix.ts';
import { serverUrl } from './servers.ts';
import { postgresSection, redisSection } from './store-sections.ts';

export interface DurableRunOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly rounds: number;
  /** Of the server, in the part over HTTP, where it shall be pinned; the others use what cores there are. */
  readonly core: number | null;
  readonly onRound: (round: number) => void;
}

export async function runDurablePart(
  part: DurablePart,
  load: LoadGenerator,
  options: DurableRunOptions,
): Promise<Section> {
  const { quick, rounds } = options;
  const contest: ContestOptions = { rounds, products: quick ? 2000 : 100_000, updatePasses: quick ? 1 : 2 };
  switch (part) {
    case 'durable-http': {
      const duration: Duration = quick ? { warmupMs: 50, durationMs: 200 } : { warmupMs: 1500, durationMs: 4000 };
      return durableHttpSection(await runDurableRounds(load, { ...options, duration, commits: quick ? 50 : 2000 }));
    }
    case 'lmdb': {
      const queueJob = { rounds, singles: quick ? 2000 : 100_000, arrays: quick ? 10_000 : 500_000 };
      return lmdbSection(
        await runApart('lmdb-queue', queueJob, options),
        await runApart('lmdb-store', contest, options),
      );
    }
    case 'postgres':
      return postgresSection(await runApart('postgres', { ...contest, url: await urlOf('postgres') }, options));
    case 'redis':
      return redisSection(await runApart('redis', { ...contest, url: await urlOf('redis') }, options));
    case 'hot-backlog':
      return hotBacklog(options);
    case 'read-under-load':
      return readUnderLoad(options);
  }
}

async function urlOf(name: 'postgres' | 'redis'): Promise<string> {
  return (await serverUrl(name)).href;
}

async function hotBacklog(options: DurableRunOptions): Promise<Section> {
  const job = { updates: options.quick ? 20_000 : 1_000_000, hotProducts: 10 };
  const postgresUrl = await urlOf('postgres');
  const results = [
    { name: 'queue in memory, PostgreSQL', result: await runApart('hot-backlog', { ...job, postgresUrl }, options) },
    { name: 'queue and store in LMDB', result: await runApart('hot-backlog', job, options) },
  ];
  return hotBacklogSection({ job, results });
}

/** The stores take turns within a round; each round has an empty one. */
async function readUnderLoad(options: DurableRunOptions): Promise<Section> {
  const { quick, source, rounds, onRound } = options;
  const job = {
    products: quick ? 2000 : 100_000,
    updatesPerSecond: quick ? 10_000 : 100_000,
    readsPerSecond: quick ? 100 : 500,
    durationMs: quick ? 300 : 10_000,
    source,
  };
  const stores: (StoreReads & { readonly results: ReadResult[] })[] = [
    { name: 'lmdb', results: [] },
    { name: 'postgres', results: [] },
    { name: 'redis', results: [] },
  ];
  for (let round = 1; round <= rounds; round += 1) {
    onRound(round);
    for (const { name, results } of stores) {
      await using place = await openPlace(name, round);
      results.push(await measureReads(place.url, job));
    }
  }
  return readSection(stores, job.updatesPerSecond, job.readsPerSecond);
}

interface Place extends AsyncDisposable {
  readonly url: URL;
}

/** An empty store, and what removes it. */
async function openPlace(name: string, round: number): Promise<Place> {
  if (name === 'lmdb') {
    const folder = createDataFolder();
    return { url: new URL(`lmdb:${folder.path}`), [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() };
  }
  if (name === 'redis') {
    const prefix = await openPrefix(await serverUrl('redis'), `bench-${process.pid}`);
    return { url: prefix.storeUrl(`read-${round}`), [Symbol.asyncDispose]: () => prefix[Symbol.asyncDispose]() };
  }
  const server = await serverUrl('postgres');
  const schemas = await openSchemas(server);
  const url = new URL(server);
  url.searchParams.set('schema', await schemas.create(`read_${round}`));
  return { url, [Symbol.asyncDispose]: () => schemas[Symbol.asyncDispose]() };
}
