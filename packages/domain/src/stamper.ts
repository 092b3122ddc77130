import { createEventIds, type NextEventId } from './event-id.ts';
import { parseInstant } from './instant.ts';
import type { ProductEvent } from './product-event.ts';
import type { ProductUpdate } from './product-update.ts';
import type { VersionClock } from './version-clock.ts';
import { NEVER, type Version } from './version.ts';

/** Makes events of updates that `isProductUpdate` let through; anything else has no defined answer. */
export interface Stamper {
  stamp(update: ProductUpdate): ProductEvent;
  /**
   * One event for each update, in their order. That order holds wherever the versions are free to say so: updates without
   * an `occurred_at` get rising versions, and of several of one product with the same `occurred_at` the last one that sets a
   * field wins it. Different `occurred_at` order by themselves, whatever their place in the array.
   */
  stampAll(updates: readonly ProductUpdate[]): ProductEvent[];
}

export interface StamperOptions {
  readonly clock: VersionClock;
  /** The wall clock for `accepted_at`: milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** 0 ≤ random < 1, asked once for the part of event ids that tells processes apart. Cryptographic unless told otherwise. */
  readonly random?: () => number;
}

export function createStamper({ clock, now, random = cryptographicRandom }: StamperOptions): Stamper {
  const nextEventId = createEventIds(random);
  return {
    stamp(update) {
      const acceptedAt = now();
      return eventOf(update, versionFor(update, clock, acceptedAt), acceptedAt, nextEventId);
    },
    stampAll(updates) {
      const acceptedAt = now();
      const versions = versionsFor(updates, clock, acceptedAt);
      return updates.map((update, i) => eventOf(update, versions[i] as Version, acceptedAt, nextEventId));
    },
  };
}

function eventOf(update: ProductUpdate, version: Version, acceptedAt: number, nextEventId: NextEventId): ProductEvent {
  // Adding 0 makes 0 of −0, which would differ as text and as bytes.
  const price = update.price === undefined ? null : update.price + 0;
  const stock = update.stock === undefined ? null : update.stock + 0;
  return {
    product_id: update.product_id,
    price,
    price_version: price === null ? NEVER : version,
    stock,
    stock_version: stock === null ? NEVER : version,
    event_id: nextEventId(version, price, stock),
    accepted_at: acceptedAt,
    replays: 0,
  };
}

function versionFor({ occurred_at }: ProductUpdate, clock: VersionClock, acceptedAt: number): Version {
  if (occurred_at === undefined) return clock.next();
  const instant = parseInstant(occurred_at);
  return instant === undefined ? clock.next() : clock.at(instant, acceptedAt);
}

function versionsFor(updates: readonly ProductUpdate[], clock: VersionClock, acceptedAt: number): readonly Version[] {
  const versions = updates.map((update) => versionFor(update, clock, acceptedAt));
  if (updates.some(({ occurred_at }) => occurred_at !== undefined)) lowerOvertaken(updates, versions);
  return versions;
}

/** The versions of those items that set price and stock last, of one product and time. */
interface LastSetters {
  price: number | undefined;
  stock: number | undefined;
}

/**
 * Keeps the order of dated items of one product and time: one that a later item overtakes in a field gets a version below it.
 * Two below that of the last item at most, since there are two fields. The last item keeps its version, so that an array, however
 * long, is not later than it was accepted. Overtaken items may share a version: none of them decides anything.
 */
function lowerOvertaken(updates: readonly ProductUpdate[], versions: Version[]): void {
  const lastOf = new Map<string, Map<Version, LastSetters>>();
  for (let at = updates.length - 1; at >= 0; at -= 1) {
    const { product_id, price, stock, occurred_at } = updates[at] as ProductUpdate;
    if (occurred_at === undefined) continue;
    const version = versions[at] as Version;
    let byVersion = lastOf.get(product_id);
    if (byVersion === undefined) lastOf.set(product_id, (byVersion = new Map<Version, LastSetters>()));
    let last = byVersion.get(version);
    if (last === undefined) byVersion.set(version, (last = { price: undefined, stock: undefined }));
    let lowered: number = version;
    if (price !== undefined && last.price !== undefined) lowered = Math.min(lowered, last.price - 1);
    if (stock !== undefined && last.stock !== undefined) lowered = Math.min(lowered, last.stock - 1);
    if (price !== undefined) last.price ??= lowered;
    if (stock !== undefined) last.stock ??= lowered;
    versions[at] = Math.max(1, lowered) as Version;
  }
}

function cryptographicRandom(): number {
  const [word] = crypto.getRandomValues(new Uint32Array(1));
  return (word as number) / 2 ** 32;
}
