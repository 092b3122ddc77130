import { expect } from 'chai';
import { bodyOf, expectProblem, startService, type Service } from './service.ts';

const good = { product_id: 'p1', price: 99.99, stock: 50 };
const many = (count: number, make: (i: number) => string): string =>
  `[${Array.from({ length: count }, (_, i) => make(i)).join(',')}]`;
const unknownFields = (count: number): string => Array.from({ length: count }, (_, i) => `"a_name_${i}":1`).join(',');

interface Lenient {
  readonly accepted: number;
  readonly event_ids: readonly (string | null)[];
  readonly rejected: readonly { readonly index: number; readonly errors: readonly object[] }[];
  readonly error_count?: number;
}

describe('POST /events of what is wrong in many places', function () {
  this.timeout(20_000);
  let service: Service;
  before(async () => {
    service = await startService({ capacity: 20_000, options: { bodyLimitBytes: 5_000_000 } });
  });
  after(() => service[Symbol.asyncDispose]());

  const post = (body: string, prefer = 'handling=strict') =>
    service.agent.post('/events').set('content-type', 'application/json').set('prefer', prefer).send(body);

  it('tells 100 errors of a lenient array in all, names each refused update, and stays small', async () => {
    const body = many(10_000, (i) => (i === 5000 ? JSON.stringify(good) : `{${unknownFields(10)}}`));
    const response = await post(body, 'handling=lenient');
    expect(response.status).to.equal(202);
    const { accepted, event_ids, rejected, error_count } = response.body as Lenient;
    expect(accepted).to.equal(1);
    expect(event_ids.flatMap((id, i) => (id === null ? [] : [i]))).to.deep.equal([5000]);
    expect(rejected.map(({ index }) => index)).to.deep.equal(
      Array.from({ length: 10_000 }, (_, i) => i).filter((i) => i !== 5000),
    );
    expect(rejected.flatMap(({ errors }) => errors)).to.have.length(100);
    // No id, neither price nor stock, and ten unknown fields.
    expect(error_count).to.equal(9999 * 12);
    expect(response.text.length).to.be.below(400_000);
  });

  it('leaves the number of errors out where a lenient answer tells them all', async () => {
    const response = await post(JSON.stringify([good, 7]), 'handling=lenient');
    expect(response.body).to.have.all.keys('message', 'accepted', 'event_ids', 'rejected');
    expect((response.body as Lenient).rejected[0]?.errors).to.have.length(1);
  });

  it('counts all errors of a refused array, of which it tells 100', async () => {
    for (const prefer of ['handling=strict', 'handling=lenient']) {
      const response = await post(
        many(10_000, () => `{${unknownFields(15)}}`),
        prefer,
      );
      expectProblem(response, 400);
      expect(bodyOf(response).errors).to.have.length(100);
      expect(bodyOf(response).error_count).to.equal(10_000 * 17);
      expect(service.seen.refused.at(-1)).to.deep.equal({ reason: 'invalid', updates: 10_000 });
      expect(response.text.length).to.be.below(20_000);
    }
  });

  it('names unknown fields of a very large update, and says how many more there are', async () => {
    const response = await post(`{"product_id":"p","price":1,${unknownFields(50_000)}}`);
    expectProblem(response, 400);
    const { errors, error_count } = bodyOf(response);
    expect(errors[0]?.pointer).to.equal('/a_name_0');
    expect(errors.at(-1)?.detail).to.equal('49981 more unknown fields');
    expect([errors.length, error_count]).to.deep.equal([20, 20]);
  });

  it('refuses what is nested deeply, or too often, and counts its items', async () => {
    const deep = '['.repeat(200_000);
    expectProblem(await post(deep), 400, /not valid/);
    expectProblem(
      await post(`{"product_id":"p","x":${deep}${deep.replaceAll('[', ']')}}`),
      400,
      /200000 arrays and objects/,
    );
    expectProblem(
      await post(
        many(10_000, () => '{"a":[[],[],[],[],[]]}'),
        'handling=lenient',
      ),
      400,
      /60000 arrays/,
    );
    expect(service.seen.refused.at(-1)).to.deep.equal({ reason: 'invalid', updates: 10_000 });
  });

  it('counts the items of an array that is too long to be parsed', async () => {
    const response = await post(many(200_000, () => '0'));
    expectProblem(response, 413, /200000 updates, more than 10000/);
    expect(service.seen.refused.at(-1)).to.deep.equal({ reason: 'too_large', updates: 200_000 });
  });

  it('still refuses what is no JSON, however large, lenient or not', async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      [many(9000, () => `{${unknownFields(2)}}`).slice(0, -1), /not valid JSON/],
      [many(9000, (i) => (i === 8999 ? `{${unknownFields(2)},"x":tru}` : JSON.stringify(good))), /not valid JSON/],
    ];
    for (const [body, detail] of cases) expectProblem(await post(body, 'handling=lenient'), 400, detail);
    const invalid = Buffer.from(`{"product_id":"p",${unknownFields(20_000)}}`);
    invalid[invalid.length - 5] = 0xff;
    const response = await fetch(`http://127.0.0.1:${service.port}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: invalid,
    });
    expect(await response.json()).to.have.property('detail', 'The body is not valid UTF-8');
  });

  it('takes a large array of good updates as a small one, with blanks and names that are escaped', async () => {
    const update = String.raw`{ "product_id" : "p\u00e9", "pr\u0069ce" : 1.50, "stock":0 }`;
    const response = await post(many(10_000, () => `${' '.repeat(50)}${update}`));
    expect(response.status).to.equal(202);
    expect(response.body).to.have.property('accepted', 10_000);
  });
});
