import { expect } from 'chai';
import * as fc from 'fast-check';
import { faultsOfProductId, isProductId } from '../src/product-id.ts';
import { anyText, goodId, runs } from './arbitraries.ts';

const good: Readonly<Record<string, string>> = {
  'one character': 'p',
  'a slash': 'a/b',
  'a blank inside': 'a b',
  'a blank that is not ASCII inside': 'a\u00a0b',
  'three dots': '...',
  'a name of the language': '__proto__',
  'another name of the language': 'constructor',
  'SQL and Lua': `'); drop table products; --`,
  'composed letters': 'é',
  'a letter with no composed form': 'x\u0301',
  'an emoji of several code points': '👩‍👩‍👧‍👦',
  '128 ASCII characters': 'a'.repeat(128),
  '128 characters that are 256 UTF-16 units': '😀'.repeat(128),
  'a line separator inside, which is no control character': 'a\u2028b',
  'a zero-width space at its end, which is no white space': 'a\u200b',
  'a zero-width no-break space at its ends, which is no white space in Unicode': '\ufeffa\ufeff',
  'a vowel separator at its end, which is none any more': 'a\u180e',
  'a character that is not assigned': 'a\uffff',
};

const bad: Readonly<Record<string, readonly [text: string, fault: RegExp]>> = {
  'no character': ['', /^must not be empty$/],
  '129 ASCII characters': ['a'.repeat(129), /^must be at most 128 characters long$/],
  '129 characters of which one is not ASCII': ['é'.padEnd(129, 'a'), /at most 128 characters/],
  '129 characters that are 258 UTF-16 units': ['😀'.repeat(129), /at most 128 characters/],
  'a million characters': ['a'.repeat(1e6), /at most 128 characters/],
  'half a surrogate pair': ['a\ud83d', /^must be well-formed Unicode/],
  'a surrogate pair the wrong way round': ['\ude00\ud83d', /well-formed/],
  'a dot': ['.', /^must not be "\.": no URL can name it$/],
  'two dots': ['..', /^must not be "\.\.": no URL can name it$/],
  NUL: ['a\u0000b', /^must hold no control characters$/],
  'a tab inside': ['a\tb', /control/],
  DEL: ['a\u007fb', /control/],
  'a C1 control character': ['a\u0085b', /control/],
  'a blank before it': [' a', /^must have no white space at its ends: trim it$/],
  'a blank behind it': ['a ', /white space/],
  'only a blank': [' ', /white space/],
  'a line feed behind it': ['a\n', /white space/],
  'a no-break space behind it': ['a\u00a0', /white space/],
  'a line separator behind it': ['a\u2028', /white space/],
  'an ideographic space before it': ['\u3000a', /white space/],
  'a C1 control character behind it, which is white space too': ['a\u0085', /white space/],
  'a decomposed letter': ['e\u0301', /^must be in Unicode normalisation form C/],
  'a letter that NFC replaces': ['\u212b', /NFC/],
};

/** White_Space in Unicode's PropList.txt, without the control characters. */
const whiteSpace =
  ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

describe('product ids', () => {
  for (const [what, text] of Object.entries(good)) {
    it(`may be ${what}`, () => {
      expect(isProductId(text)).to.equal(true);
      expect(faultsOfProductId(text)).to.deep.equal([]);
    });
  }

  for (const [what, [text, fault]] of Object.entries(bad)) {
    it(`may not be ${what}`, () => {
      expect(isProductId(text)).to.equal(false);
      expect(faultsOfProductId(text)).to.have.length(1);
      expect(faultsOfProductId(text)[0]).to.match(fault);
    });
  }

  it('tell each of several causes', () => {
    expect(faultsOfProductId(' e\u0301\u0000. ')).to.have.length(3);
  });

  it('are refused exactly where there is something to say, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, goodId), (text) => isProductId(text) === (faultsOfProductId(text).length === 0)),
      runs(2000),
    );
  });

  it('keep every rule of theirs, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, goodId), (text) => {
        const characters = Array.from(text);
        const isGood =
          characters.length >= 1 &&
          characters.length <= 128 &&
          !characters.some((character) => /^[\p{Cc}\p{Cs}]$/u.test(character)) &&
          !whiteSpace.includes(characters.at(0) ?? '') &&
          !whiteSpace.includes(characters.at(-1) ?? '') &&
          text.normalize('NFC') === text &&
          text !== '.' &&
          text !== '..';
        expect(isProductId(text)).to.equal(isGood);
      }),
      runs(2000),
    );
  });
});
