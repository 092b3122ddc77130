import type { Clock } from '@product-updates/queue';
import type { OpenedStore } from './store.ts';

/** What every opener is told besides its URL. */
export interface StoreOpenContext {
  /** At this many dead letters `add` rejects `full`. */
  readonly deadLetterMax: number;
  readonly clock: Clock;
  /** Where an adapter finds what everybody's client of its server reads by custom, as `PGHOST`; nothing unless given. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * Connects to the store that a URL names, prepares what it needs there (a schema, once, also when several processes
 * open at the same time) and checks that it is safe to use. Whoever opens disposes.
 *
 * Rejects `misconfigured` for an unknown option, a missing right, a newer schema or an unsafe server, with the reason
 * and without a password; `unavailable` when the server cannot be reached now.
 */
export type OpenStore = (url: URL, context: StoreOpenContext) => Promise<OpenedStore>;
