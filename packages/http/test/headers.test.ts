import { expect } from 'chai';
import { etagOf, matchesEtag } from '../src/etag.ts';
import { prefersLenient } from '../src/prefer.ts';
import { messageHeaders, traceparentOf } from '../src/trace-context.ts';

describe('etagOf', () => {
  it('is made of the values', () => {
    expect(etagOf(99.99, 50)).to.equal('"99.99-50"');
    expect(etagOf(null, 50)).to.equal('"-50"');
    expect(etagOf(0, null)).to.equal('"0-"');
    expect(etagOf(1e-7, 0)).to.equal('"1e-7-0"');
  });
  it('matches weakly, in lists, and anything with *', () => {
    expect(matchesEtag('"a" , W/"1-2"', '"1-2"')).to.equal(true);
    expect(matchesEtag('*', '"1-2"')).to.equal(true);
    expect(matchesEtag('1-2, "1-", "11-2"', '"1-2"')).to.equal(false);
  });
});

describe('prefersLenient', () => {
  it('reads the first handling', () => {
    for (const yes of [
      'handling=lenient',
      'Handling = "lenient"',
      'wait=5, handling=lenient; x=1',
      'handling=LENIENT',
    ]) {
      expect(prefersLenient(yes), yes).to.equal(true);
    }
    for (const no of [
      undefined,
      '',
      'handling',
      'handling=strict',
      'handling=strict, handling=lenient',
      'lenient',
      'xhandling=lenient',
    ]) {
      expect(prefersLenient(no), no).to.equal(false);
    }
    expect(prefersLenient(['wait=1', 'handling=lenient'])).to.equal(true);
  });
});

describe('traceparentOf', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const span = 'b7ad6b7169203331';
  it('takes what is valid', () => {
    expect(traceparentOf(`00-${trace}-${span}-01`)).to.equal(`00-${trace}-${span}-01`);
    expect(traceparentOf(`01-${trace}-${span}-01-more`)).to.equal(`01-${trace}-${span}-01-more`);
  });
  it('takes anything else for none', () => {
    for (const bad of [
      undefined,
      ['x'],
      '',
      `ff-${trace}-${span}-01`,
      `00-${'0'.repeat(32)}-${span}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace.toUpperCase()}-${span}-01`,
      `00-${trace}-${span}-01-more`,
      `00-${trace}-${span}-01\n`,
      ` 00-${trace}-${span}-01`,
    ]) {
      expect(traceparentOf(bad), String(bad)).to.equal(undefined);
    }
  });
  it('costs nothing where there is none', () => {
    expect(messageHeaders(undefined)).to.equal(messageHeaders(undefined));
    expect(messageHeaders('x')).to.deep.equal({ traceparent: 'x' });
  });
});
