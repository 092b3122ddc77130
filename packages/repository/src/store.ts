import type { ProductRecord, Version } from '@product-updates/domain';
import type { Durability } from '@product-updates/queue';
import type { DeadLetterStore } from './dead-letter.ts';

export interface ProductReader {
  /** `undefined`: no update of it was applied yet. Rejects `unavailable` or `misconfigured`, never answers undefined instead. */
  get(product_id: string): Promise<ProductRecord | undefined>;
  /** One answer for each id, in the order asked. */
  getMany(ids: readonly string[]): Promise<readonly (ProductRecord | undefined)[]>;
}

export interface ProductWriter {
  /**
   * Merges each record into what is stored (`merge` of domain, in the store's own language); the product ids are
   * distinct. Atomic per product, not over the batch. Returns the records that changed, as they now are: what is missing
   * had nothing newer.
   *
   * Rejects `unavailable` (some may have been applied; applying again is harmless), `invalid` (one of the records can
   * never be stored; some of the others may have been), `misconfigured`, `closed`.
   */
  apply(records: readonly ProductRecord[]): Promise<readonly ProductRecord[]>;
}

/** One connection, two views. Whoever opened it disposes it; disposing twice is harmless. */
export interface Store extends AsyncDisposable {
  readonly products: ProductReader & ProductWriter;
  readonly deadLetters: DeadLetterStore;
  /** The largest version of any stored field, 0 when there is none: what tells whether this machine's clock is wrong. */
  highestVersion(): Promise<Version>;
  /** Resolves when the store answers and could take a write; rejects `unavailable` or `misconfigured`. */
  ping(): Promise<void>;
}

/** An opened store, with what its opener found out about it. */
export interface OpenedStore {
  readonly store: Store;
  readonly durability: Durability;
  /** For the start line and readiness: what it is and where, without secrets. */
  readonly description: string;
}
