import { expect } from 'chai';
import { createAcks } from '../src/acks.ts';

describe('acks', () => {
  it('tells of one that failed while nobody stopped the pipeline, and is over with it', async () => {
    const failed: unknown[] = [];
    const acks = createAcks({
      observer: { failed: (...what) => failed.push(what) },
      stop: new AbortController().signal,
    });
    const error = new Error('a bug');
    acks.add(Promise.reject(error));
    await acks.none();
    expect(failed).to.deep.equal([['ack', error]]);
  });

  it('says nothing of those that a stop ends', async () => {
    const failed: unknown[] = [];
    const stop = AbortSignal.abort();
    const acks = createAcks({ observer: { failed: (...what) => failed.push(what) }, stop });
    acks.add(Promise.reject(stop.reason as Error));
    await acks.none();
    expect(failed).to.deep.equal([]);
  });

  it('waits for those too that come meanwhile', async () => {
    const acks = createAcks({ observer: { failed: () => {} }, stop: new AbortController().signal });
    const order: string[] = [];
    acks.add(Promise.resolve().then(() => acks.add(Promise.resolve().then(() => void order.push('second')))));
    await acks.none();
    order.push('none');
    expect(order).to.deep.equal(['second', 'none']);
  });
});
