import { expect } from 'chai';
import { createTurns } from '../src/turns.ts';

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('turns', () => {
  it('runs so many at once, begins them in order, and gives a free place to the next also after an error', async () => {
    const turns = createTurns(2);
    const begun: number[] = [];
    const end: (() => void)[] = [];
    const works = [0, 1, 2, 3].map((number) =>
      turns(async () => {
        begun.push(number);
        await new Promise<void>((resolve) => {
          end[number] = resolve;
        });
        if (number === 1) throw new Error('broken');
        return number;
      }),
    );
    const settled = Promise.allSettled(works);
    for (let turn = 0; turn < 10; turn++) await turnOfTheLoop();
    expect(begun).to.deep.equal([0, 1]);
    end[1]?.();
    for (let turn = 0; turn < 10; turn++) await turnOfTheLoop();
    expect(begun).to.deep.equal([0, 1, 2]);
    end[0]?.();
    end[2]?.();
    for (let turn = 0; turn < 10; turn++) await turnOfTheLoop();
    end[3]?.();
    const values = (await settled).map((result) => (result.status === 'fulfilled' ? result.value : 'broken'));
    expect(values).to.deep.equal([0, 'broken', 2, 3]);
  });

  it('begins one in a turn of the event loop', async () => {
    const turns = createTurns(5);
    const begun: number[] = [];
    const works = [0, 1, 2].map((number) => turns(async () => void begun.push(number)));
    const seen: number[] = [];
    while (begun.length < works.length) {
      await turnOfTheLoop();
      seen.push(begun.length);
    }
    await Promise.all(works);
    for (const [i, count] of seen.entries()) expect(count - (seen[i - 1] ?? 0)).to.be.at.most(2);
    expect(seen[0]).to.be.below(works.length);
  });
});
