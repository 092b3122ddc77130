import {
  createEventCodec,
  createPackedEventCodec,
  createStamper,
  createVersionClock,
  MAX_AHEAD_MS,
  versionOf,
  type ProductEvent,
} from '@product-updates/domain';
import { codeOf, describe as tell } from '@product-updates/errors';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { goodId, NOW, price, runs, stock } from './arbitraries.ts';
import { eventOf } from './event-of.ts';

const now = (): number => NOW;
const codec = createPackedEventCodec({ now });
const json = createEventCodec({ now });

function refusalOf(bytes: Uint8Array): string {
  try {
    codec.decode(bytes);
  } catch (error) {
    expect(codeOf(error)).to.equal('undecodable');
    return tell(error);
  }
  throw new Error(`${Buffer.from(bytes).toString('hex')} was decoded`);
}

const events = fc
  .tuple(
    fc.integer({ min: 1, max: versionOf(NOW + MAX_AHEAD_MS) }),
    fc.option(price),
    fc.option(stock),
    goodId,
    fc.maxSafeNat(),
    fc.oneof(fc.constant(0), fc.maxSafeNat()),
  )
  .filter(([, price, stock]) => price !== null || stock !== null)
  .map(([version, price, stock, id, accepted_at, replays]): ProductEvent => {
    const plus = (value: number | null): number | null => (value === null ? null : value + 0);
    return { ...eventOf(version, plus(price), plus(stock), id), accepted_at, replays };
  });

const good = eventOf(versionOf(NOW), 99.99, 50);
const written = codec.encode(good);

/** The good event with other bytes from a place on. */
function changed(at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(written);
  copy.set(bytes, at);
  return copy;
}

function double(value: number): readonly number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...bytes];
}

describe('packed event codec', () => {
  it('has pinned bytes, which lie in queues', () => {
    const bytes = codec.encode({ ...good, event_id: '08rh8csvpq8-ps-ienvotf9i00000000000', accepted_at: 1 });
    expect(Buffer.from(bytes).toString('hex')).to.equal(
      '010330387268386373767071382d70732d69656e766f746639693030303030303030303030' +
        '8fc2f5285cff58400000000000004940000000000000f03f70',
    );
  });

  it('reads what it writes, and what is written as JSON, as the same event', () => {
    fc.assert(
      fc.property(events, (event) => {
        const bytes = codec.encode(event);
        expect(codec.decode(bytes)).to.deep.equal(event);
        expect(codec.decode(json.encode(event))).to.deep.equal(event);
        expect(json.decode(json.encode(codec.decode(bytes)))).to.deep.equal(event);
        // Also out of the middle of a larger array, as blocks hand them over.
        const larger = new Uint8Array(bytes.length + 7);
        larger.set(bytes, 3);
        expect(codec.decode(larger.subarray(3, 3 + bytes.length))).to.deep.equal(event);
      }),
      runs(1000),
    );
  });

  it('writes and reads the same bytes in the midst of others, whatever the key says', () => {
    fc.assert(
      fc.property(events, fc.oneof(fc.constant(undefined), goodId), (event, otherKey) => {
        const encoded = codec.encode(event);
        const bytes = new Uint8Array(encoded.length + 20).fill(0xa5);
        let asked = 0;
        const room = {
          bytes,
          reserve(length: number) {
            asked += 1;
            expect(length).to.equal(encoded.length);
            return 13;
          },
        };
        codec.write(event, room);
        const end = 13 + encoded.length;
        expect(asked).to.equal(1);
        expect([...bytes.subarray(13, end)]).to.deep.equal([...encoded]);
        expect([...bytes.subarray(0, 13), ...bytes.subarray(end)].every((byte) => byte === 0xa5)).to.equal(true);
        expect(codec.read(bytes, 13, end, otherKey ?? event.product_id)).to.deep.equal(event);
        expect(codec.read(json.encode(event), 0, json.encode(event).length, '')).to.deep.equal(event);
      }),
      runs(500),
    );
  });

  it('believes no key: a product id that no update may have is refused, though the key is the same', () => {
    const event = { ...good, product_id: ' p' };
    const bytes = codec.encode(event);
    expect(() => codec.read(bytes, 0, bytes.length, ' p')).to.throw('product_id is not one');
    expect(() => codec.read(bytes, 0, bytes.length - 2, '')).to.throw('cut short');
    expect(() => codec.read(bytes, 0, 1, '')).to.throw('no such fields');
  });

  it('reads what a stamper makes of the longest product id', () => {
    const stamper = createStamper({ clock: createVersionClock({ now }), now });
    for (const product_id of ['x'.repeat(128), 'é'.repeat(128), '\u{10ffff}'.repeat(128)]) {
      const event = stamper.stamp({ product_id, price: Math.PI * 1e-300, stock: Number.MAX_SAFE_INTEGER });
      expect(codec.decode(codec.encode(event))).to.deep.equal(event);
    }
  });

  it('keeps nothing of the bytes, which are used again', () => {
    const bytes = Uint8Array.from(written);
    const event = codec.decode(bytes);
    bytes.fill(0xff);
    expect(event).to.deep.equal(good);
  });

  it('throws nothing but undecodable, and reads nothing that breaks a rule', () => {
    const flipped = fc
      .tuple(fc.nat({ max: written.length - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) => written.map((byte, i) => (i === at ? byte ^ by : byte)));
    const cut = fc.nat({ max: written.length }).map((to) => written.slice(0, to));
    const any = fc.uint8Array({ maxLength: 120 }).map((bytes) => Uint8Array.of(1, ...bytes));
    fc.assert(
      fc.property(fc.oneof(flipped, cut, any), (bytes) => {
        let event: ProductEvent;
        try {
          event = codec.decode(bytes);
        } catch (error) {
          expect(codeOf(error)).to.equal('undecodable');
          return;
        }
        // The checks in the id let no changed value through, and what was read is what would be written.
        expect([event.price, event.stock]).to.deep.equal([99.99, 50]);
        expect([...codec.encode(event)]).to.deep.equal([...bytes]);
        expect(json.decode(json.encode(event))).to.deep.equal(event);
      }),
      runs(5000),
    );
  });

  const idEnd = 2 + 35;
  const refusals: Readonly<Record<string, readonly [bytes: Uint8Array, why: RegExp]>> = {
    'nothing at all': [new Uint8Array(0), /it is not JSON/],
    'the first byte alone': [Uint8Array.of(1), /no such fields/],
    'another form': [changed(0, 2), /it is not UTF-8/],
    'no field': [changed(1, 0), /no such fields/],
    'a flag that there is not': [changed(1, 8 + 3), /no such fields/],
    'no product id': [written.subarray(0, -1), /cut short/],
    'fields that the id does not name': [changed(1, 1), /event_id is not one/],
    'a letter that no id has': [changed(2, 0x41), /event_id is not one/],
    'an id without a dash': [changed(13, 0x61), /event_id is not one/],
    'version 0': [changed(2, ...Buffer.from('00000000000')), /event_id is not one/],
    'a version that is no safe integer': [changed(2, ...Buffer.from('2gosa7pa2gw')), /event_id is not one/],
    'a negative price': [changed(idEnd, ...double(-1)), /price is out of range/],
    'a price that is no number': [changed(idEnd, ...double(Number.NaN)), /price is out of range/],
    'another price': [changed(idEnd, ...double(99.98)), /price is not the one/],
    'half a stock': [changed(idEnd + 8, ...double(0.5)), /stock is out of range/],
    'another stock': [changed(idEnd + 8, ...double(51)), /stock is not the one/],
    'accepted_at −0': [changed(idEnd + 16, ...double(-0)), /accepted_at is not a whole number/],
    'a product id that is not UTF-8': [changed(idEnd + 24, 0xff), /product_id is not UTF-8/],
    'a product id that no update may have': [changed(idEnd + 24, 0x20), /product_id is not one/],
    'half a replay': [codec.encode({ ...good, replays: 0.5 }), /replays is not a whole number/],
    'a version that would freeze its product': [
      codec.encode(eventOf(versionOf(NOW + 3_600_000), 1, null)),
      /too far ahead/,
    ],
  };
  for (const [what, [bytes, why]] of Object.entries(refusals)) {
    it(`refuses ${what}`, () => {
      expect(refusalOf(bytes))
        .to.match(/^the message is not a product event: /)
        .and.match(why);
    });
  }

  it('refuses replays that are counted as none', () => {
    const bytes = codec.encode({ ...good, replays: 1 });
    bytes.set(double(0), bytes.length - 9);
    expect(refusalOf(bytes)).to.match(/replays/);
  });
});
