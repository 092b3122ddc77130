import { expect } from 'chai';
import * as fc from 'fast-check';
import { KeyTexts } from '../src/key-texts.ts';

/** The text of a key that stands among other bytes. */
function textIn(texts: KeyTexts, key: string): string {
  const bytes = Buffer.from(`<${key}>`);
  return texts.textOf(bytes, 1, bytes.length - 1);
}

describe('KeyTexts', () => {
  it('makes of any bytes the text that they are, whatever it made before', () => {
    const texts = new KeyTexts();
    const anyKey = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.stringMatching(/^[ab]{0,3}$/));
    fc.assert(
      fc.property(fc.array(anyKey, { maxLength: 50 }), (keys) => {
        expect(keys.map((key) => textIn(texts, key))).to.deep.equal(keys);
      }),
      { numRuns: 500 },
    );
  }).timeout(60_000);

  it('tells keys apart that have the same place', () => {
    const texts = new KeyTexts();
    const keys = Array.from({ length: 50_000 }, (_, i) => `product-${i}`); // six times as many as there are places
    for (let round = 0; round < 2; round++) for (const key of keys) expect(textIn(texts, key)).to.equal(key);
  });

  it('takes what is no UTF-8 as the codec of Node does', () => {
    expect(new KeyTexts().textOf(Buffer.from([0x61, 0xff]), 0, 2)).to.equal('a\ufffd');
  });
});
