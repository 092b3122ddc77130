export { createEventCodec, type EventCodec } from './event-codec.ts';
export { parseEventId, type EventId } from './event-id.ts';
export { fateOf, fates, type Fate } from './fate.ts';
export { faultCountOf, faultsOf, MAX_FAULTS, type Fault } from './faults.ts';
export { parseInstant, type Instant } from './instant.ts';
export type { EventCodecOptions } from './horizon.ts';
export { isProductUpdate } from './is-product-update.ts';
export { coalesce, merge } from './merge.ts';
export { createPackedEventCodec, type EventRoom, type PackedEventCodec } from './packed-event-codec.ts';
export { CLOCK_TOLERANCE_MS, isPlausible, versionsStartAfter } from './plausibility.ts';
export type { ProductEvent } from './product-event.ts';
export { isProductId } from './product-id.ts';
export type { ProductRecord } from './product-record.ts';
export {
  isAcceptedPrice,
  isStock,
  MAX_AHEAD_MS,
  MAX_PRODUCT_ID_LENGTH,
  MAX_UPDATES,
  productUpdateSchema,
  type ProductUpdate,
} from './product-update.ts';
export { hasLongNumber, hasSmallNumber, SentNumber, sentNumber } from './sent-number.ts';
export { createStamper, type Stamper, type StamperOptions } from './stamper.ts';
export { createVersionClock, type VersionClock, type VersionClockOptions } from './version-clock.ts';
export { NEVER, VERSIONS_PER_MS, VERSION_EPOCH_MS, isVersion, msOf, versionOf, type Version } from './version.ts';
