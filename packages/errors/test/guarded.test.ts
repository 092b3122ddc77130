import { guarded } from '@product-updates/errors';
import { expect } from 'chai';

describe('guarded', () => {
  const failure = new Error('on purpose');

  it('passes its arguments on', () => {
    const told: unknown[] = [];
    guarded((...args: [number, string]) => void told.push(...args))(1, 'a');
    expect(told).to.deep.equal([1, 'a']);
  });

  it('does not throw, and hands over what was thrown', () => {
    const thrown: unknown[] = [];
    const tell = guarded(
      () => {
        throw failure;
      },
      (error) => thrown.push(error),
    );
    tell();
    tell();
    expect(thrown).to.deep.equal([failure, failure]);
    guarded(() => {
      throw failure;
    })();
  });

  it('leaves no rejection of an async function unhandled', async () => {
    const thrown: unknown[] = [];
    const reject = async (): Promise<void> => Promise.reject(failure);
    guarded(reject, (error) => thrown.push(error))();
    guarded(reject)();
    await new Promise((resolve) => setImmediate(resolve));
    expect(thrown).to.deep.equal([failure]);
  });
});
