import { codeOf, readUrlOptions, redact, redactUrl, type UrlOption } from '@product-updates/errors';
import { expect } from 'chai';
import * as fc from 'fast-check';

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
      'memory:?capacty=***: unknown option "capacty"; known: capacity, sync, stream',
    );
    expect(refusalOf('memory:?a=1', {})).to.equal('memory:?a=***: unknown option "a"; it takes none');
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
      'redis://u:***@h/?x=***: unknown option "x"; known: capacity, sync, stream',
    );
    expect(refusalOf('redis://h/?password=s3cr3t')).to.not.contain('s3cr3t');
  });

  for (const text of [
    'postgresql://shop:2024?s3cr3t!@h/shop',
    'redis://shop:12#s3cr3t@h',
    'redis://shop:12/s3cr3t@h',
  ]) {
    it(`refuses ${text}, where a part of the password looks like something else, and says how to write it`, () => {
      expect(refusalOf(text)).to.equal(
        `${new URL(text).protocol}//***: an @ stands behind the host: percent-encode ? # / and @ in user and password (%3F %23 %2F %40), and an @ anywhere else`,
      );
    });
  }

  it('quotes nothing of what may be a password where there is no host', () => {
    expect(refusalOf('lmdb:shop:s3cr3t@h?s3cr3t=1')).to.equal(
      'lmdb:***: unknown option; known: capacity, sync, stream',
    );
    expect(refusalOf('lmdb:/a@b?sync=s3cr3t')).to.equal('lmdb:***: option "sync" is one of always, never');
    expect(refusalOf('lmdb:/a@b?capacity=s3cr3t')).to.match(/from 1 to 1000$/);
    expect(readUrlOptions(new URL('lmdb:/a@b?capacity=5'), spec).capacity).to.equal(5);
  });

  it('never prints a password, whatever it is made of', () => {
    const unit = fc.constantFrom(
      ...Array.from('abcxyz0123456789?#/@\\:%&;,=+!~[]{}|<>^$()é√😀 "\''),
      '%zz',
      '%40',
      '://',
    );
    fc.assert(
      fc.property(fc.string({ unit, minLength: 4, maxLength: 24 }), (password) => {
        for (const text of [`redis://USER:${password}@HOST/0`, `lmdb:USER:${password}@HOST`]) {
          if (!URL.canParse(text)) continue;
          const url = new URL(text);
          const shown = redactUrl(url) + refusalTextOf(url);
          for (const form of [password, encodeURIComponent(password), url.password]) {
            if (form.length > 3) expect(shown).not.to.include(form);
          }
        }
      }),
      { numRuns: 2000 },
    );
  }).timeout(30_000);
});

function refusalTextOf(url: URL): string {
  try {
    readUrlOptions(url, spec);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('redactUrl', () => {
  for (const [text, shown] of [
    ['redis://u:s3cr3t@h:6379/0?prefix=s3cr3t&x=1', 'redis://u:***@h:6379/0?prefix=***&x=***'],
    ['redis://:s3cr3t@h', 'redis://:***@h'],
    ['postgres://u@h/db', 'postgres://u@h/db'],
    ['memory:', 'memory:'],
    ['lmdb:./data/store', 'lmdb:./data/store'],
    ['redis://h#s3cr3t', 'redis://h'],
    ['redis://shop:12/s3cr3t@h', 'redis://***'],
    ['redis:shop:s3cr3t@h', 'redis:***'],
    ['redis://u:p1@h1,redis://u:s3cr3t@h2', 'redis://***'],
  ] as const) {
    it(`shows ${text} as ${shown}`, () => {
      expect(redactUrl(new URL(text))).to.equal(shown);
      expect(redact(shown)).to.equal(shown);
    });
  }
});
