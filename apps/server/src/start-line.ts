import type { OpenedQueue } from '@product-updates/queue';
import type { OpenedStore } from '@product-updates/repository';
import type { Log } from '@product-updates/telemetry';
import type { Config } from './config.ts';
import { version } from './version.ts';

export interface Started {
  readonly log: Log;
  readonly config: Config;
  readonly openedQueue: Pick<OpenedQueue<unknown>, 'description' | 'durability'>;
  readonly openedStore: Pick<OpenedStore, 'description' | 'durability'>;
  readonly url: string;
  /** Updates that waited in the queue when it was opened. */
  readonly recovered: number;
}

/** Says what runs and where, and what an operator should know about the way it was set up. */
export function sayStarted(started: Started): void {
  const { log, config, openedQueue, openedStore, url, recovered } = started;
  log.info(
    {
      address: url,
      pid: process.pid,
      queue: openedQueue.description,
      queue_durability: openedQueue.durability,
      recovered,
      store: openedStore.description,
      store_durability: openedStore.durability,
      workers: config.workers,
      role: config.role,
      api_keys: config.apiKeys.length,
      version,
      node: process.version,
    },
    'started',
  );
  for (const warning of warnings(started)) log.warn({}, warning);
}

function warnings({ config, openedQueue, openedStore }: Started): string[] {
  const { allowAnonymous, apiKeys, tracesEndpoint } = config;
  const said: [boolean, string][] = [
    [openedQueue.durability === 'none', 'the queue is in memory: a restart loses the updates that wait in it'],
    [openedStore.durability === 'none', 'the store is in memory: a restart loses the products'],
    [apiKeys.length === 0 && allowAnonymous, 'no API keys: whoever reaches this address may do everything'],
    [tracesEndpoint !== null, 'OTEL_EXPORTER_OTLP_ENDPOINT is set, but this version has no traces'],
  ];
  return said.filter(([applies]) => applies).map(([, warning]) => warning);
}
