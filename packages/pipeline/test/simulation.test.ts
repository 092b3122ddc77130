import { expect } from 'chai';
import { simulate } from './simulation/simulate.ts';

const SEEDS = process.env['LONG'] === undefined ? 2000 : 50_000;

describe('the simulation', () => {
  it(`of ${SEEDS} bad days loses nothing, ends always, and holds no more than its window`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await simulate(seed);
      if (run.violations.length > 0) {
        expect.fail(`${run.violations.join('; ')}\nreplay it: npm run simulate -- --seed ${seed}`);
      }
    }
  }).timeout(SEEDS * 30);

  it('is the same again for the same seed, story and all', async () => {
    for (const seed of [1, 77, 4711]) {
      const stories: string[][] = [[], []];
      const runs = [];
      for (const story of stories) runs.push(await simulate(seed, { tell: (line) => void story.push(line) }));
      expect(runs[0]).to.deep.equal(runs[1]);
      expect(stories[0]).to.deep.equal(stories[1]);
      expect(stories[0]?.length).to.be.above(10);
    }
    expect((await simulate(1)).digest).not.to.equal((await simulate(2)).digest);
  });

  it('finds a write that is lost, and one that is not of our making', async () => {
    const lost = await findsWithin(100, (records) => records.slice(1));
    expect(lost).to.match(/instead of/);
    const changed = await findsWithin(100, (records) =>
      records.map((record) => ({ ...record, price: record.price && 9 })),
    );
    expect(changed).to.match(/instead of/);
  });

  it('goes through everything that can go wrong', async () => {
    const stories: string[] = [];
    for (let seed = 1; seed <= 200; seed += 1) await simulate(seed, { tell: (line) => void stories.push(line) });
    const story = stories.join('\n');
    for (const part of [
      /publish fails \(after\)/,
      /receive fails \(after\)/,
      /apply fails \(late\)/,
      /ack fails \(before\)/,
      /sink fails \(after\)/,
      /held by store: unavailable on purpose/,
      /held by store: misconfigured on purpose/,
      /held by dead_letters: the sink is down/,
      /held by dead_letters: .*(full|bound|most)/,
      /held by queue/,
      /dead-letters .*: rejected/,
      /dead-letters .*: exhausted/,
      /dead-letters undecodable.*: undecodable/,
      /process \d+ dies/,
      /process \d+ nacks \d/,
      /loses its lease/,
      /retries p\d+ after bug/,
      /retries p\d+ after unavailable number \d\d/,
      /held by store: connect EPERM/,
      /held by store: no answer to a ping/,
      /writes .*: killer/,
      /settles \d+ superseded/,
    ]) {
      expect(part.test(story), String(part)).to.equal(true);
    }
  }).timeout(60_000);
});

async function findsWithin(
  seeds: number,
  sabotage: NonNullable<Parameters<typeof simulate>[1]>['sabotage'],
): Promise<string> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { violations } = await simulate(seed, sabotage === undefined ? {} : { sabotage });
    if (violations.length > 0) return violations.join('; ');
  }
  return 'nothing';
}
