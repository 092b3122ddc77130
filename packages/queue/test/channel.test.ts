import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { createChannel } from '@product-updates/queue';
import { collected } from './collected.ts';
import { rejection, settled, watch } from './outcome.ts';

describe('createChannel', () => {
  it('takes a whole number of at least 1', () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createChannel(capacity), String(capacity)).to.throw(RangeError, 'capacity');
    }
    expect(createChannel(1).capacity).to.equal(1);
  });

  it('takes memory only as it is needed', () => {
    expect(createChannel(Number.MAX_SAFE_INTEGER).trySend(1)).to.equal(true);
  });
});

describe('sending', () => {
  it('fills up to the capacity and not beyond', () => {
    const channel = createChannel<number>(2);
    expect([channel.trySend(1), channel.trySend(2), channel.trySend(3)]).to.deep.equal([true, true, false]);
    expect(channel.size).to.equal(2);
  });

  it('waits for room, in the order the senders came', async () => {
    const channel = createChannel<number>(1);
    const sends = [1, 2, 3].map((value) => watch(channel.send(value)));
    await settled();
    expect(sends.map(({ outcome }) => outcome)).to.deep.equal(['done', 'pending', 'pending']);
    expect(await channel.receive()).to.deep.equal({ done: false, value: 1 });
    await settled();
    expect(sends.map(({ outcome }) => outcome)).to.deep.equal(['done', 'done', 'pending']);
    expect(await channel.receive()).to.deep.equal({ done: false, value: 2 });
    expect(await channel.receive()).to.deep.equal({ done: false, value: 3 });
  });

  it('does not let trySend overtake a sender that waits', async () => {
    const channel = createChannel<number>(1);
    void channel.send(1);
    void channel.send(2);
    await channel.receive();
    expect(channel.trySend(3)).to.equal(false);
    expect(await channel.receive()).to.deep.equal({ done: false, value: 2 });
  });

  it('carries undefined like any value', async () => {
    const channel = createChannel<undefined>(2);
    channel.trySend(undefined);
    channel.trySend(undefined);
    expect(await channel.receive()).to.deep.equal({ done: false, value: undefined });
    expect(await channel.receiveMany(5)).to.deep.equal([undefined]);
  });
});

describe('receiving', () => {
  it('serves receivers in the order they came', async () => {
    const channel = createChannel<number>(4);
    const first = channel.receive();
    const second = channel.receiveMany(10);
    const third = channel.receive();
    for (const value of [1, 2, 3, 4]) channel.trySend(value);
    expect(await Promise.all([first, second, third])).to.deep.equal([
      { done: false, value: 1 },
      [2],
      { done: false, value: 3 },
    ]);
    expect(channel.size).to.equal(1);
  });

  it('takes what is there, up to max', async () => {
    const channel = createChannel<number>(8);
    for (const value of [1, 2, 3, 4, 5]) channel.trySend(value);
    expect(await channel.receiveMany(3)).to.deep.equal([1, 2, 3]);
    expect(await channel.receiveMany(3)).to.deep.equal([4, 5]);
  });

  it('refuses a max that is no whole number of at least 1', async () => {
    const channel = createChannel<number>(1);
    for (const max of [0, -1, 0.5, Number.NaN]) {
      expect(await rejection(channel.receiveMany(max))).to.contain('RangeError');
    }
  });

  it('lets go of what was taken', async () => {
    const channel = createChannel<object>(64);
    const refs = Array.from({ length: 40 }, () => {
      const value = {};
      channel.trySend(value);
      return new WeakRef(value);
    });
    await channel.receive();
    await channel.receiveMany(100);
    await collected(refs);
    expect(channel.size).to.equal(0);
  });
});

describe('closing', () => {
  it('lets out what is inside, then says done', async () => {
    const channel = createChannel<number>(4);
    for (const value of [1, 2, 3]) channel.trySend(value);
    channel.close();
    channel.close();
    expect(await channel.receive()).to.deep.equal({ done: false, value: 1 });
    expect(await channel.receiveMany(10)).to.deep.equal([2, 3]);
    expect(await channel.receive()).to.deep.equal({ done: true, value: undefined });
    expect(await channel.receiveMany(10)).to.deep.equal([]);
  });

  it('refuses senders, those that wait too', async () => {
    const channel = createChannel<number>(1);
    channel.trySend(1);
    const waiting = rejection(channel.send(2));
    channel.close();
    expect(await waiting).to.equal('closed');
    expect(await rejection(channel.send(3))).to.equal('closed');
    expect(() => channel.trySend(4)).to.throw('closed');
    expect(await channel.receiveMany(9)).to.deep.equal([1]);
  });

  it('sends waiting receivers home', async () => {
    const channel = createChannel<number>(1);
    const one = channel.receive();
    const many = channel.receiveMany(2);
    channel.close();
    expect(await one).to.deep.equal({ done: true, value: undefined });
    expect(await many).to.deep.equal([]);
  });
});

describe('aborting', () => {
  it('ends a wait with the reason; a receive takes nothing, a send sends nothing', async () => {
    const channel = createChannel<number>(1);
    const abort = new AbortController();
    const { signal } = abort;
    const receives = [channel.receive({ signal }), channel.receiveMany(3, { signal })].map(rejection);
    abort.abort('enough');
    expect(await Promise.all(receives)).to.deep.equal(['enough', 'enough']);

    channel.trySend(1);
    const second = new AbortController();
    const send = rejection(channel.send(2, { signal: second.signal }));
    const next = channel.send(3);
    second.abort('enough');
    expect(await send).to.equal('enough');
    expect(await channel.receiveMany(3)).to.deep.equal([1]);
    await next;
    expect(await channel.receiveMany(3)).to.deep.equal([3]);
  });

  it('does nothing at all when the signal has fired before', async () => {
    const channel = createChannel<number>(2);
    channel.trySend(1);
    const signal = AbortSignal.abort('before');
    expect(await rejection(channel.send(2, { signal }))).to.equal('before');
    expect(await rejection(channel.receive({ signal }))).to.equal('before');
    expect(await rejection(channel.receiveMany(2, { signal }))).to.equal('before');
    expect(channel.size).to.equal(1);
  });

  it('does not take back what was already given', async () => {
    const channel = createChannel<number>(1);
    const abort = new AbortController();
    const received = channel.receive({ signal: abort.signal });
    channel.trySend(1);
    abort.abort();
    expect(await received).to.deep.equal({ done: false, value: 1 });
  });

  it('leaves no listener on the signal, however the wait ended', async () => {
    const channel = createChannel<number>(1);
    const abort = new AbortController();
    const { signal } = abort;
    const listeners = (): number => getEventListeners(signal, 'abort').length;

    const received = channel.receive({ signal });
    expect(listeners()).to.equal(1);
    channel.trySend(1);
    await received;
    channel.trySend(2);
    const sent = channel.send(3, { signal });
    expect(listeners()).to.equal(1);
    await channel.receive();
    await sent;
    const refused = rejection(channel.send(4, { signal }));
    channel.close();
    await refused;
    expect(listeners()).to.equal(0);

    const open = createChannel<number>(1);
    const aborted = rejection(open.receive({ signal }));
    abort.abort('enough');
    await aborted;
    expect(listeners()).to.equal(0);
  });
});

describe('iterating', () => {
  it('goes on until the channel is closed and empty', async () => {
    const channel = createChannel<number>(2);
    const seen: number[] = [];
    const reading = (async () => {
      for await (const value of channel) seen.push(value);
    })();
    for (let value = 0; value < 10; value++) await channel.send(value);
    channel.close();
    await reading;
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('leaves the channel open when the loop is left', async () => {
    const channel = createChannel<number>(3);
    for (const value of [1, 2, 3]) channel.trySend(value);
    for await (const value of channel) if (value === 2) break;
    expect(channel.trySend(4)).to.equal(true);
    expect(await channel.receiveMany(9)).to.deep.equal([3, 4]);
  });

  it('shares the values among the loops', async () => {
    const channel = createChannel<number>(1);
    const seen: number[] = [];
    const readings = [1, 2, 3].map(async () => {
      for await (const value of channel) seen.push(value);
    });
    for (let value = 0; value < 30; value++) await channel.send(value);
    channel.close();
    await Promise.all(readings);
    expect(seen.toSorted((a, b) => a - b)).to.deep.equal(Array.from({ length: 30 }, (_, i) => i));
  });
});
