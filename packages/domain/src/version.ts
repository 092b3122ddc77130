declare const brand: unique symbol;

/**
 * When a field was set: larger is later. A safe integer that every store compares natively: milliseconds since
 * 2020-01-01T00:00:00Z × 4096 + 12 low bits, safe until 2089. 0 = never set.
 */
export type Version = number & { readonly [brand]: 'Version' };

/** 2020-01-01T00:00:00Z in milliseconds since the Unix epoch. */
export const VERSION_EPOCH_MS = 1_577_836_800_000;
/** The low bits of a version: how many versions one millisecond has. */
export const VERSIONS_PER_MS = 4096;
/** The version of a field that was never set. */
export const NEVER = 0 as Version;

/** `sub` counts 1/4096 ms, 0 to 4095. */
export function versionOf(ms: number, sub = 0): Version {
  return ((ms - VERSION_EPOCH_MS) * VERSIONS_PER_MS + sub) as Version;
}

/** The millisecond (since the Unix epoch) that a version lies in. */
export function msOf(version: Version): number {
  return VERSION_EPOCH_MS + Math.floor(version / VERSIONS_PER_MS);
}

export function isVersion(value: unknown): value is Version {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
