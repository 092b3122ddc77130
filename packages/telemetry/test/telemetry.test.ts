import { expect } from 'chai';
import { capture } from './captured.ts';
import { delivery, event } from './events.ts';

describe('telemetry', () => {
  it('tells the rates of the last ten seconds', () => {
    const { telemetry, clock } = capture();
    const one = event('p1', clock.now());
    for (let second = 0; second < 20; second += 1) {
      clock.advance(1000);
      const events = Array.from({ length: 50 }, (_, n) => event(`p${n}`, clock.now()));
      telemetry.httpObserver.accepted(events, undefined);
      telemetry.pipelineObserver.settled([delivery(one, 'p1'), delivery(one, 'p1')], 'superseded', clock.now());
    }
    clock.advance(999);
    expect(telemetry.rates().accepted_per_second).to.be.closeTo(50, 0.1);
    expect(telemetry.rates().settled_per_second).to.be.closeTo(2, 0.1);
    clock.advance(10_000);
    expect(telemetry.rates()).to.deep.equal({ accepted_per_second: 0, settled_per_second: 0 });
  });
});
