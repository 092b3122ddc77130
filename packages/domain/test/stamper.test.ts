import {
  coalesce,
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
    expect(versionsOf(events).map((version) => version - acceptedLater)).to.deep.equal([-1, -1, -1, 0, 0]);
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

  it('ends at one occurred_at with the last item that sets a field, however many there are, and no later than it was accepted', () => {
    const item = fc
      .tuple(fc.constantFrom('a', '__proto__'), fc.constantFrom('p', 's', 'ps'), fc.nat({ max: 5 }))
      .map(([product_id, fields, value]): ProductUpdate => ({
        product_id,
        ...(fields.includes('p') && { price: value }),
        ...(fields.includes('s') && { stock: value }),
        occurred_at: THEN,
      }));
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 30 }), (updates) => {
        const events = stamperAt().stampAll(updates);
        for (const version of versionsOf(events)) expect(version - acceptedLater).to.be.within(-2, 0);
        for (const [product_id, state] of coalesce(events)) {
          const own = updates.filter((update) => update.product_id === product_id);
          expect(state.price).to.equal(own.findLast(({ price }) => price !== undefined)?.price ?? null);
          expect(state.stock).to.equal(own.findLast(({ stock }) => stock !== undefined)?.stock ?? null);
        }
      }),
      runs(2000),
    );
  });

  it('is overtaken by what is accepted later at the same occurred_at, after an array of 10,000 of one product too', () => {
    const falling = Array.from({ length: 10_000 }, (_, i): ProductUpdate => {
      return { product_id: 'a', price: 20_000 - i, occurred_at: THEN };
    });
    const events = stamperAt().stampAll(falling);
    const laterMs = NOW + Math.ceil((NOW - Date.parse(THEN)) * 0.02);
    const later = createStamper({
      clock: createVersionClock({ now: () => laterMs }),
      now: () => laterMs,
    }).stamp({ product_id: 'a', price: 1, occurred_at: THEN });
    expect([...coalesce([...events, later]).values()].map(({ price }) => price)).to.deep.equal([1]);
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
