import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import { createMemoryQueue, noHeaders, Undecodable, withCodec, type Codec, type Queue } from '@product-updates/queue';
import { createVirtualClock } from '@product-updates/queue/contract';
import { rejection } from './outcome.ts';

const text: Codec<string> = {
  encode(value) {
    if (value === '') throw new RangeError('nothing to encode');
    return new TextEncoder().encode(value);
  },
  decode(bytes) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      throw new CodedError('undecodable', 'no UTF-8', { cause: error });
    }
  },
};

function createPair(): { bytes: Queue<Uint8Array>; queue: Queue<string | Undecodable> } {
  const bytes = createMemoryQueue<Uint8Array>({ capacity: 10, clock: createVirtualClock() });
  return { bytes, queue: withCodec(bytes, text) };
}

describe('withCodec', () => {
  it('sends bytes and receives values, with key, headers and attempt as they are', async () => {
    const { bytes, queue } = createPair();
    const headers = { traceparent: '00-1-2-01' };
    await queue.publish([{ key: 'k', body: 'grün', headers }]);
    const below = await bytes.receive(1);
    expect(below[0]!.body).to.deep.equal(new TextEncoder().encode('grün'));
    await bytes.nack(below);
    const [delivery] = await queue.receive(1);
    expect([delivery!.key, delivery!.body, delivery!.headers, delivery!.attempt]).to.deep.equal([
      'k',
      'grün',
      headers,
      2,
    ]);
  });

  it('settles by the receipt of the queue below', async () => {
    const { bytes, queue } = createPair();
    await queue.publish(['a', 'b'].map((body) => ({ key: body, body, headers: noHeaders })));
    const [a, b] = await queue.receive(2);
    await queue.ack([a!]);
    await queue.nack([b!]);
    expect(await queue.stats()).to.include({ depth: 1, unacked: 0 });
    expect(await bytes.stats()).to.include({ depth: 1, unacked: 0 });
    expect((await queue.receive(2)).map(({ body, attempt }) => [body, attempt])).to.deep.equal([['b', 2]]);
  });

  it('delivers what it cannot decode, with the bytes and the reason, and goes on', async () => {
    const { bytes, queue } = createPair();
    const bad = Uint8Array.of(0xff, 0xfe);
    await bytes.publish([{ key: 'bad', body: bad, headers: noHeaders }]);
    await queue.publish([{ key: 'good', body: 'good', headers: noHeaders }]);
    const [first, second] = await queue.receive(2);
    const undecodable = first!.body as Undecodable;
    expect(undecodable).to.be.an.instanceOf(Undecodable);
    expect(undecodable.bytes).to.equal(bad);
    expect(undecodable.error).to.be.an.instanceOf(CodedError);
    expect(second!.body).to.equal('good');
    await queue.ack([first!, second!]);
    expect(await queue.stats()).to.include({ depth: 0 });
  });

  it('publishes none when one cannot be encoded', async () => {
    const { queue } = createPair();
    const good = { key: 'k', body: 'good', headers: noHeaders };
    const undecodable = { ...good, body: new Undecodable(Uint8Array.of(1), new Error('bad')) };
    expect(await rejection(queue.publish([good, undecodable]))).to.equal('invalid');
    expect(await rejection(queue.publish([good, { ...good, body: '' }]))).to.equal('RangeError: nothing to encode');
    expect(await queue.stats()).to.include({ depth: 0 });
  });

  it('passes on ping, abort, close and dispose', async () => {
    const { bytes, queue } = createPair();
    await queue.ping();
    expect(await rejection(queue.receive(1, { signal: AbortSignal.abort('enough') }))).to.equal('enough');
    queue.close();
    expect(await rejection(bytes.publish([]))).to.equal('closed');
    expect(await queue.receive(1)).to.deep.equal([]);
    await queue[Symbol.asyncDispose]();
    expect(await rejection(bytes.ping())).to.equal('closed');
  });
});
