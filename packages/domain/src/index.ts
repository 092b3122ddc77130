export { coalesce, merge } from './merge.ts';
export type { ProductEvent } from './product-event.ts';
export type { ProductRecord } from './product-record.ts';
export { NEVER, VERSIONS_PER_MS, VERSION_EPOCH_MS, isVersion, msOf, versionOf, type Version } from './version.ts';
