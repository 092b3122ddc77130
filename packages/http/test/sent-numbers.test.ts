import { expect } from 'chai';
import { bodyOf, expectProblem, startService, type Service } from './service.ts';

describe('POST /events holds numbers against their ranges as they were sent', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  const post = (body: string, prefer = 'handling=strict') =>
    service.agent.post('/events').set('content-type', 'application/json').set('prefer', prefer).send(body);

  const refused: readonly (readonly [members: string, pointer: string, detail: RegExp])[] = [
    ['"stock":9007199254740990.6', '/stock', /, not 9007199254740990\.6$/],
    ['"stock":5.0000000000000000001', '/stock', /, not 5\.0000000000000000001$/],
    ['"stock":1e-400', '/stock', /, not 1e-400$/],
    ['"stock":9007199254740993', '/stock', /, not 9007199254740993$/],
    ['"price":1000000000000.00001', '/price', /, not 1000000000000\.00001$/],
    ['"price":-1e-400', '/price', /, not -1e-400$/],
    ['"price":-1e-364', '/price', /, not -1e-364$/],
    ['"price":1e400', '/price', /, not 1e400$/],
    ['"price":1e-400', '/price', /^price is too close to 0 to be kept: send 0, not 1e-400$/],
    ['"price" :\n 4e-325', '/price', /send 0, not 4e-325$/],
    ['"price":1e-310', '/price', /send 0, not 1e-310$/],
    [String.raw`"pr\u0069ce":-1e-400`, '/price', /, not -1e-400$/],
    ['"price":1,"price":-1e-400', '/price', /, not -1e-400$/],
    [`"price":1.${'0'.repeat(60)}e12,"stock":0.5`, '/stock', /, not 0\.5$/],
    [`"price":${'9'.repeat(50_000)}`, '/price', /, not 9{40}…$/],
  ];
  for (const [members, pointer, detail] of refused) {
    it(`refuses ${members.slice(0, 50)}`, async () => {
      const response = await post(`{"product_id":"p",${members}}`);
      expectProblem(response, 400);
      expect(bodyOf(response).errors.map((error) => error.pointer)).to.deep.equal([pointer]);
      expect(bodyOf(response).errors[0]?.detail).to.match(detail);
    });
  }

  const taken = [
    '"price":-0,"stock":-0',
    '"price":0e5,"stock":0.0',
    '"price":1e12,"stock":1e2',
    '"price":1000000000000.000,"stock":5.0',
    `"price":50.${'0'.repeat(30)},"stock":50.${'0'.repeat(30)}`,
    '"price":0.30000000000000004,"stock":9007199254740991',
    '"price":5.0000000000000000001,"stock":5',
    '"price":1e-300,"stock":0e-400',
    '"price":-1e-400,"price":1',
    '"stock":5.0000000000000000001,"stock":5',
  ];
  for (const members of taken) {
    it(`takes ${members.slice(0, 60)}`, async () => {
      expect((await post(`{"product_id":"-1e-400",${members}}`)).status).to.equal(202);
    });
  }

  it('points at the item of an array, and takes the others of a lenient one', async () => {
    const body =
      '[{"product_id":"a","price":0,"stock":0},{"product_id":"b","price":0,"stock":1e-400},{"x":[{"price":-1e-400}]},[-1e-400],{"product_id":"c","price":-1e-999}]';
    const strict = await post(body);
    expectProblem(strict, 400);
    expect(bodyOf(strict).errors.map(({ pointer }) => pointer)).to.include.members(['/1/stock', '/4/price']);
    expect(bodyOf(strict).errors.map(({ pointer }) => pointer)).not.to.include('/0/price');
    const lenient = await post(body, 'handling=lenient');
    expect(lenient.status).to.equal(202);
    const { rejected } = lenient.body as {
      rejected: { index: number; errors: { pointer: string; detail: string }[] }[];
    };
    expect(rejected.map(({ index }) => index)).to.deep.equal([1, 2, 3, 4]);
    expect(rejected[0]?.errors).to.deep.equal([
      { detail: 'stock must be a whole number from 0 to 9007199254740991, not 1e-400', pointer: '/stock' },
    ]);
    expect(rejected[3]?.errors[0]?.detail).to.match(/, not -1e-999$/);
  });
});
