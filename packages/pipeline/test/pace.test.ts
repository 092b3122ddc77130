import { expect } from 'chai';
import { createVirtualClock } from '@product-updates/queue/contract';
import { createPace } from '../src/pace.ts';

describe('createPace', () => {
  it('spreads about a second by a tenth', () => {
    const clock = createVirtualClock();
    const stop = new AbortController().signal;
    const nextOf = (value: number): number => createPace({ clock, random: () => value, stop }).nextMs();
    expect([nextOf(0), nextOf(0.5), nextOf(0.9999)]).to.deep.equal([900, 1000, 1100]);
  });

  it('waits, until it is stopped, and leaves nothing behind', async () => {
    const clock = createVirtualClock();
    const stopping = new AbortController();
    const pace = createPace({ clock, random: () => 0.5, stop: stopping.signal });
    const waited = pace.wait(100);
    await clock.advance(100);
    await waited;

    const cut = pace.wait(100).catch((error: unknown) => error);
    stopping.abort(new Error('enough'));
    expect(await cut).to.have.property('message', 'enough');
    expect(await pace.wait(100).catch((error: unknown) => error)).to.have.property('message', 'enough');
    expect(clock.pending).to.equal(0);
  });
});
