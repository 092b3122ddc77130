import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { createTurns } from '../src/turns.ts';

describe('turns', () => {
  it('does the first piece of work at once, and one more in each turn of the event loop, in order', async () => {
    const turns = createTurns();
    const done: number[] = [];
    for (let i = 1; i <= 3; i++) turns(() => done.push(i));
    expect(done).to.deep.equal([1]);
    await setImmediate();
    expect(done).to.deep.equal([1, 2]);
    await setImmediate();
    expect(done).to.deep.equal([1, 2, 3]);
  });

  it('does work at once again after a turn without any', async () => {
    const turns = createTurns();
    const done: number[] = [];
    for (let round = 0; round < 3; round++) {
      turns(() => done.push(round));
      expect(done).to.have.length(round + 1);
      await setImmediate();
      await setImmediate();
    }
  });

  it('takes what comes while others wait after them', async () => {
    const turns = createTurns();
    const done: string[] = [];
    turns(() => done.push('a'));
    turns(() => {
      done.push('b');
      turns(() => done.push('d'));
    });
    turns(() => done.push('c'));
    for (let i = 0; i < 5; i++) await setImmediate();
    expect(done.join('')).to.equal('abcd');
  });
});
