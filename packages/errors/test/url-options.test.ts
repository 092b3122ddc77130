import { codeOf, readUrlOptions, type UrlOption } from '@product-updates/errors';
import { expect } from 'chai';

const spec = {
  capacity: { type: 'integer', min: 1, max: 1000, default: 100 },
  sync: { type: 'choice', values: ['always', 'never'], default: 'always' },
  stream: { type: 'text', default: 'updates' },
} as const satisfies Record<string, UrlOption>;

function refusalOf(url: string, options: Readonly<Record<string, UrlOption>> = spec): string {
  try {
    readUrlOptions(new URL(url), options);
  } catch (error) {
    expect(codeOf(error)).to.equal('misconfigured');
    return (error as Error).message;
  }
  throw new Error(`${url} was not refused`);
}

describe('readUrlOptions', () => {
  it('answers the defaults where nothing is given', () => {
    expect(readUrlOptions(new URL('memory:'), spec)).to.deep.equal({
      capacity: 100,
      sync: 'always',
      stream: 'updates',
    });
  });

  it('reads what is given', () => {
    const url = new URL('memory:?capacity=1000&sync=never&stream=a%20b');
    expect(readUrlOptions(url, spec)).to.deep.equal({ capacity: 1000, sync: 'never', stream: 'a b' });
  });

  it('refuses an unknown option and lists the known ones', () => {
    expect(refusalOf('memory:?capacty=1')).to.equal(
      'memory:?capacty=1: unknown option "capacty"; known: capacity, sync, stream',
    );
    expect(refusalOf('memory:?a=1', {})).to.equal('memory:?a=1: unknown option "a"; it takes none');
    expect(refusalOf('memory:?__proto__=1')).to.contain('unknown option "__proto__"');
  });

  it('refuses an option that is given twice', () => {
    expect(refusalOf('memory:?sync=never&sync=never')).to.contain('option "sync" is given twice');
  });

  for (const text of ['0', '1001', '', '-5', '1.5', '1e2', ' 7', '0x10', '9'.repeat(16)]) {
    it(`refuses "${text}" as a whole number from 1 to 1000`, () => {
      expect(refusalOf(`memory:?capacity=${encodeURIComponent(text)}`)).to.contain(
        `option "capacity" is a whole number from 1 to 1000, not "${text}"`,
      );
    });
  }

  it('refuses a word that is not one of the choices, and names them', () => {
    expect(refusalOf('memory:?sync=Always')).to.contain('option "sync" is one of always, never, not "Always"');
  });

  it('never prints a password', () => {
    expect(refusalOf('redis://u:s3cr3t@h/?x=1')).to.equal(
      'redis://u:***@h/?x=1: unknown option "x"; known: capacity, sync, stream',
    );
    expect(refusalOf('redis://h/?password=s3cr3t')).to.not.contain('s3cr3t');
  });
});
