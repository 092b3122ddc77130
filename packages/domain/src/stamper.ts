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
   * an `occurred_at` get rising versions, and of several of one product with the same `occurred_at` each later one gets
   * the next free version. Different `occurred_at` order by themselves, whatever their place in the array.
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
  if (updates.every((update) => update.occurred_at === undefined)) return updates.map(() => clock.next());
  const takenOf = new Map<string, TakenVersions>();
  return updates.map((update) => {
    let taken = takenOf.get(update.product_id);
    if (taken === undefined) takenOf.set(update.product_id, (taken = new Map()));
    let version = versionFor(update, clock, acceptedAt);
    // Beyond the clock's own versions nothing may be given that the clock would give again.
    if (update.occurred_at === undefined) while (taken.has(version)) version = clock.next();
    return takeFrom(taken, version);
  });
}

/** Of one product, for each version that is taken a later one from which to look on: a union-find over the next free. */
type TakenVersions = Map<Version, Version>;

/** Takes the smallest free version that is not below `wanted`. Nearly constant time, also for an array made to be slow. */
function takeFrom(taken: TakenVersions, wanted: Version): Version {
  let free = wanted;
  for (let next = taken.get(free); next !== undefined; next = taken.get(free)) free = next;
  const after = (free + 1) as Version;
  for (let at = wanted; at !== free;) {
    const next = taken.get(at) as Version;
    taken.set(at, after);
    at = next;
  }
  taken.set(free, after);
  return free;
}

function cryptographicRandom(): number {
  const [word] = crypto.getRandomValues(new Uint32Array(1));
  return (word as number) / 2 ** 32;
}
