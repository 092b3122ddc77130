import { expect } from 'chai';
import * as fc from 'fast-check';
import pg from 'pg';
import { numbersIn, textsIn } from '../src/array-answers.ts';
import { bigintArray, numericArray, textArray } from '../src/arrays.ts';
import { describeUnless, liveUrl, missing } from './servers.ts';

describeUnless(missing, 'arrays', () => {
  let client: pg.Client;
  before(async () => {
    client = new pg.Client({ connectionString: liveUrl().href });
    await client.connect();
  });
  after(() => client.end());

  const elements = async (type: string, value: string | Buffer): Promise<unknown[]> => {
    const text = `select element::text from unnest($1::${type}[]) with ordinality as u (element, at) order by at`;
    const { rows } = await client.query<{ element: string | null }>(text, [value]);
    return rows.map(({ element }) => element);
  };

  const echoed = async (type: string, value: string | Buffer): Promise<string> => {
    const { rows } = await client.query<{ array: string }>(`select $1::${type}[]::text as array`, [value]);
    return rows[0]?.array ?? '';
  };

  const numbersOf = (array: string, length: number): (number | null)[] => {
    const next = numbersIn(array);
    return Array.from({ length }, () => next());
  };

  it('carry any text that PostgreSQL can hold', async () => {
    const texts = fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '').toWellFormed()));
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        expect(await elements('text', textArray(given))).to.deep.equal(given);
        expect(textsIn(await echoed('text', textArray(given)))).to.deep.equal(given);
      }),
    );
    const hard = ['', 'NULL', 'null', '{}', '"', '\\', '\\"', ',', ' a ', '\n', "'; drop table products; --"];
    expect(await elements('text', textArray(hard))).to.deep.equal(hard);
    expect(textsIn(await echoed('text', textArray(hard)))).to.deep.equal(hard);
  });

  it('carry any price to the last bit', async () => {
    const prices = fc.array(fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })));
    await fc.assert(
      fc.asyncProperty(prices, async (given) => {
        const read = await elements('numeric', numericArray(given));
        expect(read.map((text) => (text === null ? null : Number(text)))).to.deep.equal(given.map(withoutSign));
        const back = await echoed('numeric', numericArray(given));
        expect(numbersOf(back, given.length)).to.deep.equal(given.map(withoutSign));
      }),
    );
  });

  it('carry any safe integer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(fc.maxSafeInteger())), async (given) => {
        const read = await elements('bigint', bigintArray(given));
        expect(read.map((text) => (text === null ? null : Number(text)))).to.deep.equal(given.map(withoutSign));
        const back = await echoed('bigint', bigintArray(given));
        expect(numbersOf(back, given.length)).to.deep.equal(given.map(withoutSign));
      }),
    );
    expect(await elements('bigint', bigintArray([-0, 2 ** 53 - 1, 2 ** 32, 2 ** 31]))).to.deep.equal([
      '0',
      '9007199254740991',
      '4294967296',
      '2147483648',
    ]);
  });
});

/** 0 for −0. */
function withoutSign(value: number | null): number | null {
  return value === 0 ? 0 : value;
}
