import { expect } from 'chai';
import * as fc from 'fast-check';
import { easeParsing } from '../src/ease-parsing.ts';

const NAMES_MAX = 100;

function eased(text: string): { value: unknown; text: string } & ReturnType<typeof easeParsing> {
  const body = Buffer.from(text);
  const found = easeParsing(body, NAMES_MAX);
  const after = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(after);
  } catch {
    value = 'no JSON';
  }
  return { ...found, value, text: after };
}

/** What a parser makes a hidden class or an entry in a table of. */
function distinctStrings(text: string): number {
  return new Set(text.match(/"(?:[^"\\]|\\.)*"/g)).size;
}

describe('easeParsing', () => {
  it('leaves updates as they are, however they are written', () => {
    const texts = [
      '{"product_id":"p1","price":99.99,"stock":50,"occurred_at":"2026-11-22T16:20:00Z"}',
      String.raw` [ {"pr\u006Fduct_id" : "a\"b\\" , "\u0070\u0072\u0069\u0063\u0065":1} ,{"product_id":"é{[,:","stock":-1e5}]`,
      '[]',
      '7',
      '"text"',
      '',
      ' ',
    ];
    for (const text of texts) expect(eased(text)).to.include({ text, nested: 0 });
    expect(eased(texts[1] ?? '').items).to.equal(2);
  });

  it('keeps the first names that no update has, 20 of an item, and blanks the others with their values', () => {
    const unknown = Array.from({ length: 25 }, (_, i) => `"n${i}":"v${i}"`).join(',');
    const { value, hidden } = eased(`[{"product_id":"p",${unknown},"price":1},{"price":2}]`);
    const expected = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`n${i}`, `v${i}`]));
    expect(value).to.deep.equal([{ product_id: 'p', ...expected, '': '', price: 1 }, { price: 2 }]);
    expect([...hidden]).to.deep.equal([[0, 4]]);
  });

  it('leaves few different strings, whatever a body has', () => {
    const many = (count: number, make: (i: number) => string): string =>
      Array.from({ length: count }, (_, i) => make(i)).join(',');
    const bodies = [
      `{${many(20_000, (i) => `"k${i}":"v${i}"`)}}`,
      `[${many(2000, (i) => `{${many(20, (j) => `"${i}-${j}":${j}`)}}`)}]`,
      `{"x":[${many(20_000, (i) => `"v${i}"`)}]}`,
      `{"x":{${many(20_000, (i) => `"k${i}":0`)}}}`,
      `[${many(2000, (i) => `{"a":{"${i}":["${i}"]}}`)}]`,
      `{${many(20_000, (i) => String.raw`"\u0061${i}":0`)}}`,
    ];
    for (const body of bodies) {
      expect(() => JSON.parse(body) as unknown).not.to.throw();
      const { text, value } = eased(body);
      expect(value).not.to.equal('no JSON');
      expect(distinctStrings(text), body.slice(0, 40)).to.be.below(3 * NAMES_MAX);
    }
  });

  it('counts items and what is nested in them, without a stack', () => {
    expect(eased(`[${'0,'.repeat(50_000)}0]`).items).to.equal(50_001);
    expect(eased('['.repeat(100_000)).nested).to.be.above(99_000);
    expect(eased('{"a":'.repeat(100_000)).nested).to.equal(99_999);
    expect(eased('[{"a":[{}]},{"a":{}}]')).to.include({ items: 2, nested: 3 });
  });

  it('leaves what JSON does not allow in a string where it is', () => {
    for (const bad of ['\\q', '\u0001', '\\u00g0', '\\u12', 'a\tb']) {
      for (const text of [
        `[{"x":["${bad}"]}]`,
        `[{"${bad}":1,"${bad}2":"v"}]`,
        `[{"y":"${bad}","z":{"q":"${bad}"}}]`,
      ]) {
        const body = Buffer.from(text);
        easeParsing(body, 0);
        expect(() => JSON.parse(body.toString()) as unknown, text).to.throw(SyntaxError);
      }
    }
    const good = Buffer.from('[{"x":["\\u00e9\\n\\"\\\\"]}]');
    easeParsing(good, 0);
    expect(JSON.parse(good.toString())).to.deep.equal([{ '': [''] }]);
  });

  it('makes no JSON of what is none, and keeps what it says of each update', () => {
    const names = fc.constantFrom('product_id', 'price', 'stock', 'x', 'y', '', 'a"b');
    const update = fc.dictionary(names, fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant('v'), fc.nat()), {
      maxKeys: 6,
    });
    fc.assert(
      fc.property(fc.array(update, { maxLength: 60 }), fc.nat(), fc.boolean(), (updates, at, isCut) => {
        const whole = JSON.stringify(updates);
        const text = isCut ? whole.slice(0, at % whole.length) : whole;
        const { value } = eased(text);
        if (isCut) {
          expect(value).to.equal('no JSON');
          return;
        }
        const known = ({ product_id, price, stock }: Record<string, unknown>): unknown =>
          [product_id, price, stock].map((field) => (typeof field === 'object' && field !== null ? 'nested' : field));
        expect((value as Record<string, unknown>[]).map(known)).to.deep.equal(updates.map(known));
      }),
      { numRuns: 300 },
    );
  });
});
