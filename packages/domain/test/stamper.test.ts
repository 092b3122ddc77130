import {
  createStamper,
  createVersionClock,
  merge,
  NEVER,
  parseEventId,
  versionOf,
  type ProductEvent,
  type ProductUpdate,
  type Stamper,
} from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { ageDigits } from '../src/age-digits.ts';
import { NOW, runs } from './arbitraries.ts';

const THEN = '2026-11-22T12:00:00Z';
const thenVersion = versionOf(Date.UTC(2026, 10, 22, 12));
const acceptedLater = thenVersion + ageDigits(NOW - Date.UTC(2026, 10, 22, 12));

function stamperAt(nowMs = NOW): Stamper {
  const now = (): number => nowMs;
  return createStamper({ clock: createVersionClock({ now, random: () => 0 }), now, random: () => 0 });
}

function versionsOf(events: readonly ProductEvent[]): number[] {
  return events.map((event) => parseEventId(event.event_id)?.version as number);
}

function lastPrice(events: readonly ProductEvent[]): number | null | undefined {
  return events
    .toReversed()
    .reduce<ProductEvent | undefined>((a, b) => (a === undefined ? b : (merge(a, b) as ProductEvent)), undefined)
    ?.price;
}

describe('Stamper', () => {
  it('makes an event whose fields carry its version', () => {
    const event = stamperAt().stamp({ product_id: 'p', price: 99.99, stock: 50 });
    const { event_id, ...rest } = event;
    expect(rest).to.deep.equal({
      product_id: 'p',
      price: 99.99,
      price_version: versionOf(NOW),
      stock: 50,
      stock_version: versionOf(NOW),
      accepted_at: NOW,
      replays: 0,
    });
    expect(parseEventId(event_id)).to.include({ version: versionOf(NOW), fields: 'ps' });
  });

  it('leaves a field that is absent at version 0', () => {
    expect(stamperAt().stamp({ product_id: 'p', stock: 0 })).to.include({
      price: null,
      price_version: NEVER,
      stock: 0,
    });
    expect(stamperAt().stamp({ product_id: 'p', price: 0 })).to.include({
      stock: null,
      stock_version: NEVER,
      price: 0,
    });
  });

  it('makes 0 of −0', () => {
    const { price, stock } = stamperAt().stamp({ product_id: 'p', price: -0, stock: -0 });
    expect([Object.is(price, 0), Object.is(stock, 0)]).to.deep.equal([true, true]);
  });

  it('takes the version from occurred_at, to 1/4096 ms', () => {
    const { price_version } = stamperAt().stamp({
      product_id: 'p',
      price: 1,
      occurred_at: '2026-11-22T14:00:00.0005+02:00',
    });
    expect(price_version).to.equal(thenVersion + 2048);
  });

  it('gives undated updates of an array rising versions', () => {
    const events = stamperAt().stampAll(['a', 'b', 'a'].map((product_id) => ({ product_id, price: 1 })));
    expect(versionsOf(events)).to.deep.equal([0, 1, 2].map((n) => versionOf(NOW) + n));
    expect(new Set(events.map((event) => event.event_id)).size).to.equal(3);
  });

  it('keeps the order of an array at one and the same occurred_at, product by product', () => {
    const dated = (product_id: string, price: number): ProductUpdate => ({ product_id, price, occurred_at: THEN });
    const events = stamperAt().stampAll([dated('a', 3), dated('b', 3), dated('a', 2), dated('a', 1), dated('b', 1)]);
    expect(versionsOf(events).map((version) => version - acceptedLater)).to.deep.equal([0, 0, 1, 2, 1]);
    expect(lastPrice(events.filter((event) => event.product_id === 'a'))).to.equal(1);
  });

  it('lets different occurred_at order by themselves, whatever their place', () => {
    const at = (price: number, occurred_at?: string): ProductUpdate => ({
      product_id: 'a',
      price,
      ...(occurred_at && { occurred_at }),
    });
    const events = stamperAt().stampAll([at(1), at(2, '2026-11-22T12:00:00.001Z'), at(3, THEN), at(4)]);
    const age = NOW - Date.UTC(2026, 10, 22, 12);
    expect(versionsOf(events)).to.deep.equal([
      versionOf(NOW),
      thenVersion + 4096 + ageDigits(age - 1),
      thenVersion + ageDigits(age),
      versionOf(NOW) + 1,
    ]);
    expect(events.map((event) => event.price)).to.deep.equal([1, 2, 3, 4]);
  });

  it('gives a version to no two updates of a product in an array, however their times meet', () => {
    const nearNow = fc.integer({ min: 0, max: 6 }).map((sub) => {
      const digits = String((BigInt(sub) * 10n ** 12n) / 4096n).padStart(12, '0');
      return `2026-11-22T16:20:00.000${digits}Z`;
    });
    const update = fc
      .tuple(fc.constantFrom('a', '__proto__'), fc.option(nearNow, { nil: undefined }))
      .map(([product_id, occurred_at]): ProductUpdate => ({
        product_id,
        price: 1,
        ...(occurred_at !== undefined && { occurred_at }),
      }));
    fc.assert(
      fc.property(fc.array(update, { maxLength: 30 }), (updates) => {
        const stamper = stamperAt();
        const events = stamper.stampAll(updates);
        const keys = events.map((event, i) => `${versionsOf(events)[i]} ${event.product_id}`);
        expect(new Set(keys).size).to.equal(updates.length);
        expect(events.map((event) => event.product_id)).to.deep.equal(updates.map((update) => update.product_id));
        // Of the same product and the same time, or both undated, the later one is the newer one.
        for (const [j, later] of updates.entries()) {
          for (const [i, earlier] of updates.entries()) {
            const alike = earlier.product_id === later.product_id && earlier.occurred_at === later.occurred_at;
            if (i < j && alike) expect(versionsOf(events)[i]).to.be.below(versionsOf(events)[j] as number);
          }
        }
        // What comes after the array gets none of its clock's versions again.
        const undated = versionsOf(events).filter((_, i) => updates[i]?.occurred_at === undefined);
        expect(versionsOf([stamper.stamp({ product_id: 'a', price: 1 })])[0]).to.be.above(Math.max(0, ...undated));
      }),
      runs(500),
    );
  });

  it('is not slowed down by an array of 10,000 that is made to collide', () => {
    const same = Array.from({ length: 5000 }, (): ProductUpdate => ({ product_id: 'a', price: 1, occurred_at: THEN }));
    const within = Array.from({ length: 5000 }, (_, i): ProductUpdate => {
      const digits = String((BigInt(i % 4096) * 10n ** 12n) / 4096n).padStart(12, '0');
      return { product_id: 'a', price: 1, occurred_at: `2026-11-22T12:00:00.000${digits}Z` };
    });
    const versions = versionsOf(stamperAt().stampAll([...same, ...within]));
    expect(new Set(versions).size).to.equal(10_000);
    expect(Math.min(...versions)).to.equal(thenVersion + 1);
    expect(Math.max(...versions)).to.equal(thenVersion + 10_000);
  });

  it('does not fail where an update was not checked', () => {
    expect(stamperAt().stamp({ product_id: 'p', price: 1, occurred_at: 'yesterday' }).price_version).to.equal(
      versionOf(NOW),
    );
  });

  it('answers an empty array for one', () => {
    expect(stamperAt().stampAll([])).to.deep.equal([]);
  });

  it('marks the ids of each process with a part of its own', () => {
    const now = (): number => NOW;
    const ids = Array.from(
      { length: 20 },
      () =>
        createStamper({ clock: createVersionClock({ now, random: () => 0 }), now }).stamp({ product_id: 'p', price: 1 })
          .event_id,
    );
    expect(new Set(ids).size).to.equal(20);
  });
});
