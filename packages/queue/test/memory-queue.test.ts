import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { createMemoryQueue, noHeaders, openMemoryQueue, type Delivery, type Message } from '@product-updates/queue';
import { createVirtualClock } from '@product-updates/queue/contract';
import { collected } from './collected.ts';
import { rejection, settled, watch } from './outcome.ts';

const clock = createVirtualClock();

function messages(...bodies: string[]): Message<string>[] {
  return bodies.map((body) => ({ key: body[0]!, body, headers: noHeaders }));
}

function bodies(deliveries: readonly Delivery<string>[]): string {
  return deliveries.map(({ body, attempt }) => (attempt === 1 ? body : `${body}#${attempt}`)).join(' ');
}

function queueOf(...waiting: string[]): ReturnType<typeof createMemoryQueue<string>> {
  const queue = createMemoryQueue<string>({ capacity: 10, clock });
  void queue.publish(messages(...waiting));
  return queue;
}

describe('createMemoryQueue', () => {
  it('takes a whole number of at least 1', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createMemoryQueue({ capacity, clock }), String(capacity)).to.throw(RangeError, 'capacity');
    }
  });

  it('publishes, acks and nacks at the call: stats never wait for a promise', async () => {
    const queue = queueOf();
    const seen = [queue.stats()];
    const published = queue.publish(messages('a', 'b', 'c'));
    seen.push(queue.stats());
    const [a, b, c] = (await queue.receive(10)) as [Delivery<string>, Delivery<string>, Delivery<string>];
    seen.push(queue.stats());
    const acked = queue.ack([a]);
    seen.push(queue.stats());
    const nacked = queue.nack([c]);
    seen.push(queue.stats());
    await Promise.all([published, acked, nacked, queue.ack([b])]);
    const counts = (await Promise.all(seen)).map(({ depth, unacked }) => [depth, unacked]);
    expect(counts).to.deep.equal([
      [0, 0],
      [3, 0],
      [3, 3],
      [2, 2],
      [2, 1],
    ]);
  });

  it('hands out at the publish what a receiver waits for', async () => {
    const queue = queueOf();
    const received = queue.receive(2);
    void queue.publish(messages('a', 'b', 'c'));
    expect(await queue.stats()).to.include({ depth: 3, unacked: 2 });
    expect(bodies(await received)).to.equal('a b');
  });

  it('serves receivers in the order they came', async () => {
    const queue = queueOf();
    const received = [queue.receive(1), queue.receive(2), queue.receive(2)];
    await queue.publish(messages('a', 'b', 'c', 'd', 'e'));
    expect((await Promise.all(received)).map(bodies)).to.deep.equal(['a', 'b c', 'd e']);
  });

  it('gives back in front of what waits, in the order of the call, with one attempt more', async () => {
    const queue = queueOf('a', 'b', 'c', 'd');
    const [a, b, c] = (await queue.receive(3)) as [Delivery<string>, Delivery<string>, Delivery<string>];
    await queue.nack([a, b]);
    await queue.nack([c]);
    expect(bodies(await queue.receive(10))).to.equal('c#2 a#2 b#2 d');
  });

  it('settles nothing by a delivery whose message was given back', async () => {
    const queue = queueOf('a');
    const [stale] = await queue.receive(1);
    await queue.nack([stale!]);
    await queue.ack([stale!]);
    await queue.nack([stale!]);
    expect(await queue.stats()).to.include({ depth: 1, unacked: 0 });
    const [fresh] = await queue.receive(1);
    await queue.ack([stale!]);
    expect(await queue.stats()).to.include({ depth: 1, unacked: 1 });
    await queue.ack([fresh!, fresh!]);
    expect(await queue.stats()).to.include({ depth: 0, unacked: 0 });
  });

  it('settles nothing by what another queue handed out, or by no receipt at all', async () => {
    const queue = queueOf('a');
    const [mine] = await queue.receive(1);
    const [foreign] = await queueOf('b').receive(1);
    await queue.ack([foreign!, { ...mine!, receipt: undefined }, { ...mine!, receipt: { heldBy: queue } }]);
    await queue.nack([foreign!]);
    expect(await queue.stats()).to.include({ depth: 1, unacked: 1 });
  });

  it('knows the oldest exactly, whatever was settled in between', async () => {
    const own = createVirtualClock({ startMs: 100 });
    const queue = createMemoryQueue<string>({ capacity: 10, clock: own });
    const oldest = async (): Promise<number | null> => (await queue.stats()).oldestMs;
    expect(await oldest()).to.equal(null);
    for (const body of ['a', 'b', 'c']) {
      await queue.publish(messages(body));
      await own.advance(10);
    }
    const [a, b, c] = (await queue.receive(3)) as [Delivery<string>, Delivery<string>, Delivery<string>];
    await queue.ack([b]);
    expect(await oldest()).to.equal(100);
    await queue.nack([a]);
    expect(await oldest()).to.equal(100);
    await queue.ack(await queue.receive(1));
    expect(await oldest()).to.equal(120);
    await queue.ack([c]);
    expect(await oldest()).to.equal(null);
  });

  it('tells a publish that never fits from one that does not fit now', async () => {
    const queue = queueOf('a', 'b', 'c', 'd');
    const tooMany = await queue.publish(messages(...'abcdefghijk'.split(''))).catch((error: unknown) => error);
    expect(String(tooMany)).to.contain('11 messages are more than the queue can hold (its capacity is 10)');
    const full = await queue.publish(messages(...'abcdefg'.split(''))).catch((error: unknown) => error);
    expect(String(full)).to.contain('the queue is full (its capacity is 10)');
    await queue.publish(messages(...'abcdef'.split('')));
    expect(await queue.stats()).to.include({ depth: 10, capacity: 10 });
  });

  it('lets go of what is settled, also while its neighbours stay', async () => {
    const queue = createMemoryQueue<object>({ capacity: 100, clock });
    const publish = (): WeakRef<object> => {
      const body = {};
      void queue.publish([{ key: 'k', body, headers: noHeaders }]);
      return new WeakRef(body);
    };
    const refs = Array.from({ length: 50 }, publish);
    const settle = async (): Promise<Delivery<object>> => {
      const deliveries = await queue.receive(50);
      await queue.nack(deliveries.slice(20, 30));
      await queue.ack([...deliveries.slice(1), ...(await queue.receive(10))]);
      return deliveries[0]!;
    };
    const kept = await settle();
    await collected(refs.slice(1));
    expect(refs[0]!.deref()).to.equal(kept.body);
  });

  it('keeps nothing alive through a settled delivery that somebody keeps', async () => {
    const queue = createMemoryQueue<object>({ capacity: 100, clock });
    const publish = (): WeakRef<object> => {
      const body = {};
      void queue.publish([{ key: 'k', body, headers: noHeaders }]);
      return new WeakRef(body);
    };
    const refs = [publish(), publish(), publish()];
    const settle = async (): Promise<Delivery<object>> => {
      const deliveries = await queue.receive(3);
      await queue.ack([deliveries[1]!]);
      await queue.ack([deliveries[0]!, deliveries[2]!]);
      return deliveries[1]!;
    };
    const kept = await settle();
    await collected([refs[0]!, refs[2]!]);
    expect(refs[1]!.deref()).to.equal(kept.body);
  });
});

describe('a closed memory queue', () => {
  it('gives the rest, waits for what is unacked, and answers [] when nothing is left', async () => {
    const queue = queueOf('a', 'b', 'c');
    queue.close();
    queue.close();
    expect(await rejection(queue.publish(messages('d')))).to.equal('closed');
    const first = await queue.receive(2);
    const rest = await queue.receive(2);
    expect([bodies(first), bodies(rest)]).to.deep.equal(['a b', 'c']);
    const waiting = [watch(queue.receive(2)), watch(queue.receive(2))];
    await queue.ack(first);
    await settled();
    expect(waiting.map(({ outcome }) => outcome)).to.deep.equal(['pending', 'pending']);
    await queue.ack(rest);
    await settled();
    expect(waiting.map(({ outcome }) => outcome)).to.deep.equal(['[]', '[]']);
    expect(await queue.receive(1)).to.deep.equal([]);
  });

  it('gives again what is given back', async () => {
    const queue = queueOf('a');
    const first = await queue.receive(1);
    queue.close();
    const again = queue.receive(1);
    await queue.nack(first);
    expect(bodies(await again)).to.equal('a#2');
  });

  it('sends waiting receivers home when it is empty', async () => {
    const queue = queueOf();
    const received = queue.receive(1);
    queue.close();
    expect(await received).to.deep.equal([]);
  });
});

describe('a disposed memory queue', () => {
  it('drops everything, answers receivers [], and settles nothing more', async () => {
    const queue = queueOf('a', 'b');
    const held = await queue.receive(5);
    await queue.publish(messages('c'));
    const all = await queue.receive(5);
    const waiting = queue.receive(1);
    await queue[Symbol.asyncDispose]();
    await queue[Symbol.asyncDispose]();
    expect(await waiting).to.deep.equal([]);
    await queue.ack(held);
    await queue.nack(all);
    expect(await queue.stats()).to.deep.equal({ depth: 0, capacity: 10, unacked: 0, oldestMs: null });
    expect(await queue.receive(1)).to.deep.equal([]);
    expect(await rejection(queue.publish(messages('d')))).to.equal('closed');
    expect(await rejection(queue.ping())).to.equal('closed');
  });

  it('lets go of what it dropped, given back or not', async () => {
    const queue = createMemoryQueue<object>({ capacity: 10, clock });
    const refs = [1, 2, 3].map(() => {
      const body = {};
      void queue.publish([{ key: 'k', body, headers: noHeaders }]);
      return new WeakRef(body);
    });
    await queue.nack(await queue.receive(2));
    await queue[Symbol.asyncDispose]();
    await collected(refs);
    expect(await queue.receive(1)).to.deep.equal([]);
  });
});

describe('an aborted receive', () => {
  it('takes nothing and leaves no listener', async () => {
    const queue = queueOf();
    const abort = new AbortController();
    const { signal } = abort;
    const received = rejection(queue.receive(5, { signal }));
    expect(getEventListeners(signal, 'abort').length).to.equal(1);
    abort.abort('enough');
    expect(await received).to.equal('enough');
    await queue.publish(messages('a'));
    expect(await rejection(queue.receive(5, { signal }))).to.equal('enough');
    expect(await queue.stats()).to.include({ depth: 1, unacked: 0 });
    expect(getEventListeners(signal, 'abort').length).to.equal(0);
  });

  it('refuses a max that is no whole number of at least 1', async () => {
    for (const max of [0, -1, 2.5, Number.NaN]) {
      expect(await rejection(queueOf('a').receive(max))).to.contain('RangeError');
    }
  });
});

describe('openMemoryQueue', () => {
  const codec = { encode: () => new Uint8Array(), decode: () => 'never' };

  async function open(url: string): ReturnType<typeof openMemoryQueue<string>> {
    return openMemoryQueue<string>(new URL(url), { codec, clock });
  }

  it('opens a queue for a hundred thousand unless told otherwise', async () => {
    const { queue, durability, description } = await open('memory:');
    expect(await queue.stats()).to.include({ capacity: 100_000 });
    expect([durability, description]).to.deep.equal(['none', 'memory, at most 100000 messages']);
    expect(await (await open('memory:?capacity=7')).queue.stats()).to.include({ capacity: 7 });
  });

  it('keeps the objects themselves', async () => {
    const { queue } = await open('memory:');
    await queue.publish([{ key: 'k', body: 'as it is', headers: noHeaders }]);
    expect((await queue.receive(1))[0]!.body).to.equal('as it is');
  });

  it('refuses what it does not know', async () => {
    const bad = [
      'memory:?capacity=0',
      'memory:?capacity=10000001',
      'memory:?size=5',
      'memory:folder',
      'memory://host',
      'memory:#5',
    ];
    for (const url of bad) expect(await rejection(open(url)), url).to.equal('misconfigured');
  });
});
