import { parseEventId, type Version } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { createEventIds } from '../src/event-id.ts';
import { checkOf } from '../src/value-check.ts';
import { anyText, price, runs, stock, version } from './arbitraries.ts';

const long = process.env['LONG'] !== undefined;
const values = fc
  .tuple(fc.option(price), fc.option(stock))
  .filter(([price, stock]) => price !== null || stock !== null);

describe('event ids', () => {
  it('look as they always did', () => {
    const next = createEventIds(() => 0.5);
    const at = 890_000_000_000_000 as Version;
    expect(next(at, 99.99, 50)).to.equal('08rh8csvpq8-ps-ienvotf9i00000000000');
    expect(next(at, 99.99, null)).to.equal('08rh8csvpq8-p-ienv0000i00000000001');
    expect(next(1 as Version, null, 0)).to.equal('00000000001-s-0000gm87i00000000002');
  });

  it('say what they were made of', () => {
    const next = createEventIds(Math.random);
    fc.assert(
      fc.property(version, values, (version, [price, stock]) => {
        const text = next(version, price, stock);
        expect(parseEventId(text)).to.deep.equal({
          text,
          version,
          fields: (price === null ? '' : 'p') + (stock === null ? '' : 's'),
          priceCheck: checkOf(price),
          stockCheck: checkOf(stock),
        });
      }),
      runs(1000),
    );
  });

  it('sort by version, and none is the beginning of another', () => {
    const next = createEventIds(Math.random);
    fc.assert(
      fc.property(fc.array(fc.tuple(version, values), { minLength: 2, maxLength: 10 }), (made) => {
        const ids = made.map(([version, [price, stock]]) => ({ version, text: next(version, price, stock) }));
        const sorted = ids.toSorted((a, b) => (a.text < b.text ? -1 : 1));
        expect(sorted.map((id) => id.version)).to.deep.equal(ids.map((id) => id.version).toSorted((a, b) => a - b));
        for (const [i, { text }] of sorted.entries()) {
          expect(sorted[i + 1]?.text.startsWith(text) ?? false).to.equal(false);
        }
      }),
      runs(500),
    );
  });

  it(`are unique over ${long ? '10 million' : '200,000'}, also of several processes at one and the same version`, function () {
    this.timeout(120_000);
    const count = long ? 10_000_000 : 200_000;
    const makers = [0.1, 0.2, 0.3].map((random) => createEventIds(() => random));
    const fingerprints = new BigUint64Array(count);
    const words = new Uint32Array(fingerprints.buffer);
    for (let i = 0; i < count; i += 1) {
      const id = makers[i % 3]?.(123_456 as Version, 1, 1) as string;
      // 64 bits for each id: that any two of 10 million different ones share them has a chance of 1 in 300,000.
      let a = 0x811c_9dc5;
      let b = 0x9e37_79b9;
      for (let at = 0; at < id.length; at += 1) {
        a = Math.imul(a ^ id.charCodeAt(at), 0x0100_0193);
        b = Math.imul(b ^ id.charCodeAt(at), 0x85eb_ca6b) ^ (b >>> 13);
      }
      words[2 * i] = a;
      words[2 * i + 1] = b;
    }
    fingerprints.sort();
    let twice = 0;
    for (let i = 1; i < count; i += 1) if (fingerprints[i] === fingerprints[i - 1]) twice += 1;
    expect(twice).to.equal(0);
  });

  it('go on when the low digits of their counter are used up', function () {
    this.timeout(20_000);
    const next = createEventIds(() => 0);
    let last = '';
    for (let i = 0; i <= 36 ** 4; i += 1) last = next(1 as Version, null, 1);
    expect(last.slice(-12)).to.equal('000000010000');
  });
});

describe('parseEventId', () => {
  const good = '08rh8csvpq8-ps-ienvgm87i0000000000a';
  const bad: Readonly<Record<string, string>> = {
    'an empty text': '',
    'upper case': good.toUpperCase(),
    'one character too few': good.slice(0, -1),
    'one character too many': `${good}0`,
    'a line feed behind it': `${good}\n`,
    'no fields': good.replace('ps', ''),
    'fields in another order': good.replace('ps', 'sp'),
    'other fields': good.replace('ps', 'q'),
    'the check of a field that it does not set': good.replace('ps', 's'),
    'the check of the other field that it does not set': good.replace('ps', 'p'),
    'version 0': `${'0'.repeat(11)}${good.slice(11)}`,
    'a version that is no safe integer': `2gosa7pa2gw${good.slice(11)}`,
    'a version far beyond': `${'z'.repeat(11)}${good.slice(11)}`,
    'a letter that is none of base 36': good.replace('0', '_'),
  };

  it('takes the smallest and the largest version', () => {
    expect(parseEventId(`00000000001${good.slice(11)}`)?.version).to.equal(1);
    expect(parseEventId(`2gosa7pa2gv${good.slice(11)}`)?.version).to.equal(Number.MAX_SAFE_INTEGER);
  });

  for (const [what, text] of Object.entries(bad)) {
    it(`refuses ${what}`, () => {
      expect(parseEventId(good)).to.not.equal(undefined);
      expect(parseEventId(text)).to.equal(undefined);
    });
  }

  it('throws on nothing', () => {
    const nearly = fc
      .tuple(fc.nat({ max: 34 }), anyText)
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at + text.length));
    fc.assert(
      fc.property(fc.oneof(anyText, nearly), (text) => (parseEventId(text)?.text ?? text) === text),
      runs(2000),
    );
  });
});
