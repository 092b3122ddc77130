import { expect } from 'chai';
import type { PipelineObserver } from '@product-updates/pipeline';
import { createRig, failure } from './support/rig.ts';
import { event } from './support/events.ts';

const names = ['received', 'applied', 'settled', 'retried', 'deadLettered', 'held', 'released', 'failed'] as const;

function throwing(told: (name: string, what: unknown) => void): PipelineObserver {
  const methods = names.map((name) => [
    name,
    (what: unknown): never => {
      told(name, what);
      throw new Error(`${name} on purpose`);
    },
  ]);
  return Object.fromEntries(methods) as PipelineObserver;
}

describe('an observer that throws', () => {
  it('stops no state change: outages begin and end, letters are written, and everything is settled', async () => {
    const told = new Set<string>();
    const complaints = new Set<unknown>();
    const observer = throwing((name, what) => {
      told.add(name);
      if (name === 'failed') complaints.add(what);
    });
    const rig = createRig({ lanes: 2, observer });
    rig.faults.apply = rig.faults.ping = () => failure('unavailable');
    await rig.publish(...Array.from({ length: 20 }, (_, n) => event(`p${n}`, 1)));
    await rig.clock.advance(3000);
    expect(rig.pipeline.status().hold?.reason).to.equal('store');
    rig.faults.ping = () => undefined;
    rig.faults.apply = (records) =>
      records.some(({ product_id }) => product_id === 'p7') ? failure('bug') : undefined;
    await rig.clock.advance(60_000);
    expect((await rig.letters()).map(({ product_id }) => product_id)).to.deep.equal(['p7']);
    expect(await rig.prices('p0', 'p19')).to.deep.equal([1, 1]);
    expect(rig.pipeline.status()).to.include({ state: 'running', holding: 0 });
    expect(await rig.pipeline.drain()).to.equal(0);
    expect([...told]).to.have.members([...names]);
    expect([...complaints]).to.include.members(names.slice(0, -1).map((name) => `observer.${name}`));
  });
});
