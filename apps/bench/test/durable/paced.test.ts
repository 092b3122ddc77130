import { expect } from 'chai';
import { paced } from '../../src/durable/paced.ts';

const never = new Promise<never>(() => undefined);
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('paced', () => {
  it('does as many as the rate asks for, in order', async () => {
    const numbers: number[] = [];
    const { held, p50Ms } = await paced({
      perSecond: 500,
      durationMs: 100,
      concurrency: 4,
      act: async (number) => numbers.push(number),
    });
    expect(numbers).to.deep.equal(Array.from({ length: 50 }, (_, index) => index));
    expect(held).to.be.greaterThan(0.5);
    expect(p50Ms).to.be.lessThan(100);
  });

  it('says that the rate was not held, and counts the wait of those that came after', async () => {
    const act = (): Promise<void> => wait(20);
    const { held, p99Ms } = await paced({ perSecond: 500, durationMs: 40, concurrency: 1, act });
    expect(held).to.be.lessThan(0.2);
    expect(p99Ms).to.be.greaterThan(300);
  });

  it('lets no more run at once than asked', async () => {
    let [running, most] = [0, 0];
    async function act(): Promise<void> {
      running += 1;
      most = Math.max(most, running);
      await wait(5);
      running -= 1;
    }
    await paced({ perSecond: 2000, durationMs: 20, concurrency: 3, act });
    expect(most).to.equal(3);
  });

  it('rejects with the first error', async () => {
    const act = (number: number): Promise<unknown> => (number === 2 ? Promise.reject(new Error('the third')) : never);
    const error = await paced({ perSecond: 1000, durationMs: 50, concurrency: 50, act }).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.have.property('message', 'the third');
  });
});
