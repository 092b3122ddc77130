import {
  CLOCK_TOLERANCE_MS,
  createEventCodec,
  createStamper,
  createVersionClock,
  MAX_AHEAD_MS,
  versionOf,
  type ProductEvent,
} from '@product-updates/domain';
import { codeOf, describe as tell } from '@product-updates/errors';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { createEventIds } from '../src/event-id.ts';
import { goodId, NOW, price, runs, stock } from './arbitraries.ts';
import { eventOf } from './event-of.ts';

const now = (): number => NOW;
const codec = createEventCodec({ now });
const nextId = createEventIds(() => 0.5);

function refusalOf(bytes: Uint8Array, by = codec): string {
  try {
    by.decode(bytes);
  } catch (error) {
    expect(codeOf(error)).to.equal('undecodable');
    return tell(error);
  }
  throw new Error(`${Buffer.from(bytes).toString()} was decoded`);
}

const good = eventOf(versionOf(NOW), 99.99, 50);
const written = JSON.parse(Buffer.from(codec.encode(good)).toString()) as Record<string, unknown>;

function refusalWith(changes: Readonly<Record<string, unknown>>): string {
  return refusalOf(Buffer.from(JSON.stringify({ ...written, ...changes })));
}

describe('event codec', () => {
  it('writes what a person can read, and no version twice', () => {
    expect(Buffer.from(codec.encode(good)).toString()).to.equal(
      `{"event_id":"${good.event_id}","product_id":"p","price":99.99,"stock":50,"accepted_at":${NOW},"replays":0}`,
    );
    expect(Object.keys(JSON.parse(Buffer.from(codec.encode(eventOf(1, null, 5))).toString()) as object)).to.not.contain(
      'price',
    );
  });

  it('reads what it writes', () => {
    const version = fc.integer({ min: 1, max: versionOf(NOW + MAX_AHEAD_MS) });
    const event = fc
      .tuple(version, fc.option(price), fc.option(stock), goodId, fc.maxSafeNat(), fc.maxSafeNat())
      .filter(([, price, stock]) => price !== null || stock !== null)
      .map(([version, price, stock, id, accepted_at, replays]): ProductEvent => {
        const plus = (value: number | null): number | null => (value === null ? null : value + 0);
        return { ...eventOf(version, plus(price), plus(stock), id), accepted_at, replays };
      });
    fc.assert(
      fc.property(event, (event) => {
        const bytes = codec.encode(event);
        expect(codec.decode(bytes)).to.deep.equal(event);
        // Also out of the middle of a larger buffer, as clients hand them over.
        const larger = new Uint8Array(bytes.length + 7);
        larger.set(bytes, 3);
        expect(codec.decode(larger.subarray(3, 3 + bytes.length))).to.deep.equal(event);
      }),
      runs(1000),
    );
  });

  it('reads what a stamper makes of the longest product id', () => {
    const stamper = createStamper({ clock: createVersionClock({ now }), now });
    for (const product_id of ['"'.repeat(128), '\\'.repeat(128), '\u{10ffff}'.repeat(128)]) {
      const event = stamper.stamp({ product_id, price: Math.PI * 1e-300, stock: Number.MAX_SAFE_INTEGER });
      expect(codec.decode(codec.encode({ ...event, replays: Number.MAX_SAFE_INTEGER }))).to.include({ product_id });
    }
  });

  it('throws nothing but undecodable, whatever the bytes', () => {
    const bytes = codec.encode(good);
    const flipped = fc
      .tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) => bytes.map((byte, i) => (i === at ? byte ^ by : byte)));
    const cut = fc
      .tuple(fc.nat({ max: bytes.length }), fc.nat({ max: bytes.length }))
      .map(([from, to]) => bytes.slice(from, to));
    const json = fc.json().map((text) => Buffer.from(text));
    const fields = fc
      .dictionary(fc.constantFrom(...Object.keys(written), '__proto__', 'x'), fc.jsonValue())
      .map((changes) => Buffer.from(JSON.stringify({ ...written, ...changes })));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), flipped, cut, json, fields), (bytes) => {
        try {
          codec.decode(bytes);
        } catch (error) {
          expect(codeOf(error)).to.equal('undecodable');
        }
      }),
      runs(3000),
    );
  });

  it('refuses every change of one byte, or reads an event that keeps all rules', () => {
    const bytes = codec.encode(good);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const by of [1, 2, 4, 8, 16, 32, 64, 128]) {
        const changed = bytes.map((byte, i) => (i === at ? byte ^ by : byte));
        try {
          const event = codec.decode(changed);
          // The checks in the id let no changed value through.
          expect([event.price, event.stock]).to.deep.equal([99.99, 50]);
          expect(codec.decode(codec.encode(event))).to.deep.equal(event);
        } catch (error) {
          expect(codeOf(error)).to.equal('undecodable');
        }
      }
    }
  });

  const texts: Readonly<Record<string, readonly [bytes: Uint8Array, why: RegExp]>> = {
    nothing: [Buffer.from(''), /is not JSON/],
    'no JSON': [Buffer.from('s3cr3t'), /it is not JSON$/],
    'a byte order mark': [Buffer.from(`\ufeff${JSON.stringify(written)}`), /is not JSON/],
    'bytes that are not UTF-8': [Buffer.from([0x22, 0xff, 0x22]), /is not UTF-8/],
    null: [Buffer.from('null'), /is not a JSON object/],
    'an array': [Buffer.from('[]'), /is not a JSON object/],
    'a string': [Buffer.from('"x"'), /is not a JSON object/],
    'an empty object': [Buffer.from('{}'), /event_id is not one/],
    'a field too many': [Buffer.from(JSON.stringify({ ...written, x: 1 })), /a field that no event has/],
    __proto__: [Buffer.from(`{"__proto__":1,${JSON.stringify(written).slice(1)}`), /a field that no event has/],
    'more than an event has': [Buffer.from(JSON.stringify(written).padEnd(2049)), /2049 bytes are more/],
  };
  for (const [what, [bytes, why]] of Object.entries(texts)) {
    it(`refuses ${what}`, () => {
      expect(refusalOf(bytes))
        .to.match(/^the message is not a product event: /)
        .and.match(why);
    });
  }

  const priceOnly = nextId(versionOf(NOW), 99.99, null);
  const changes: Readonly<Record<string, readonly [changes: Readonly<Record<string, unknown>>, why: RegExp]>> = {
    'an event_id that is none': [{ event_id: 'x' }, /event_id is not one/],
    'an event_id that is a number': [{ event_id: 1 }, /event_id is not one/],
    'no product_id': [{ product_id: undefined }, /product_id is not one/],
    'a product_id that no update may have': [{ product_id: ' p' }, /product_id is not one/],
    'a product_id that is a number': [{ product_id: 7 }, /product_id is not one/],
    'no price though the id names it': [{ price: undefined }, /price is missing or out of range/],
    'a price that is null': [{ price: null }, /price is missing or out of range/],
    'a price that is a string': [{ price: '99.99' }, /price is missing or out of range/],
    'a negative price': [{ price: -1 }, /price is missing or out of range/],
    'another price than the id was made for': [{ price: 99.98 }, /price is not the one/],
    'a stock that the id does not name': [{ event_id: priceOnly }, /stock is there, but the event_id does not name it/],
    'a stock of null that the id does not name': [{ event_id: priceOnly, stock: null }, /stock is there/],
    'half a stock': [{ stock: 0.5 }, /stock is missing or out of range/],
    'another stock than the id was made for': [{ stock: 51 }, /stock is not the one/],
    'no accepted_at': [{ accepted_at: undefined }, /accepted_at is not a whole number/],
    'accepted_at as a string': [{ accepted_at: '1' }, /accepted_at is not a whole number/],
    'a broken replays': [{ replays: 0.5 }, /replays is not a whole number/],
    'a negative replays': [{ replays: -1 }, /replays is not a whole number/],
  };
  for (const [what, [change, why]] of Object.entries(changes)) {
    it(`refuses ${what}`, () => {
      expect(refusalWith(change)).to.match(why);
    });
  }

  it('refuses −0, which no event has', () => {
    const zero = Buffer.from(codec.encode(eventOf(1, 0, null))).toString();
    expect(refusalOf(Buffer.from(zero.replace('"price":0', '"price":-0')))).to.match(/price is not the one/);
    expect(refusalOf(Buffer.from(zero.replace('"replays":0', '"replays":-0')))).to.match(/replays/);
  });

  it('refuses a version that would freeze a product', () => {
    const bound = versionOf(NOW + MAX_AHEAD_MS + CLOCK_TOLERANCE_MS, 4095);
    expect(codec.decode(codec.encode(eventOf(bound, 1, null))).price_version).to.equal(bound);
    expect(refusalOf(codec.encode(eventOf(bound + 1, 1, null)))).to.match(/too far ahead of the clock/);
    expect(refusalOf(codec.encode(eventOf(bound + 1, null, 1)))).to.match(/too far ahead of the clock/);
  });

  it('still reads its own events when the wall clock steps back an hour', () => {
    let nowMs = NOW;
    const own = createEventCodec({ now: () => nowMs });
    own.decode(own.encode(good));
    nowMs -= 3_600_000;
    expect(own.decode(own.encode(good))).to.deep.equal(good);
    const restarted = createEventCodec({ now: () => nowMs });
    expect(refusalOf(restarted.encode(good), restarted)).to.match(/too far ahead/);
    const above = createEventCodec({ now: () => nowMs, after: versionOf(NOW - 1000) });
    expect(above.decode(above.encode(good))).to.deep.equal(good);
  });

  it('reads a letter however old the clock, where it is told to', () => {
    const patient = createEventCodec({ now: () => Number.POSITIVE_INFINITY });
    const event = eventOf(Number.MAX_SAFE_INTEGER, 1, 1);
    expect(patient.decode(patient.encode(event))).to.deep.equal(event);
  });
});
