import { expect } from 'chai';
import * as fc from 'fast-check';
import { excerpt, isPrintable } from '../src/excerpt.ts';
import { anyText, runs } from './arbitraries.ts';

describe('excerpt', () => {
  it('quotes a text and escapes what must not reach a terminal', () => {
    expect(excerpt('a "b"')).to.equal(String.raw`"a \"b\""`);
    expect(excerpt('a\n\u0000\u007f\u009b\u2028\u202e\ufeff\ud83d')).to.equal(
      String.raw`"a\n\u0000\u007f\u009b\u2028\u202e\ufeff\ud83d"`,
    );
  });

  it('shows at most 40 characters, and parts none', () => {
    expect(excerpt('x'.repeat(40))).to.equal(`"${'x'.repeat(40)}"`);
    expect(excerpt('x'.repeat(1e6))).to.equal(`"${'x'.repeat(40)}…"`);
    expect(excerpt('😀'.repeat(41))).to.equal(`"${'😀'.repeat(40)}…"`);
  });

  it('is printable and short, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => isPrintable(excerpt(text)) && excerpt(text).length <= 6 * 40 + 3),
      runs(1000),
    );
  });
});
