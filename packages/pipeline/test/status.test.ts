import { expect } from 'chai';
import { workerStatus } from '../src/status.ts';

describe('the status of a worker', () => {
  const hold = (reason: 'store' | 'dead_letters' | 'queue') => ({ reason, since_ms: 50, error: 'away' });

  it('is what its lane does', () => {
    expect(workerStatus({ state: 'idle', sinceMs: 10 }, null)).to.deep.equal({ state: 'idle', since_ms: 10 });
    expect(workerStatus({ state: 'working', sinceMs: 10 }, null)).to.deep.equal({ state: 'applying', since_ms: 10 });
    expect(workerStatus({ state: 'waiting', sinceMs: 10 }, null)).to.deep.equal({
      state: 'waiting_to_retry',
      since_ms: 10,
    });
  });

  it('is held where it has a batch and the store or the dead letters are away', () => {
    for (const reason of ['store', 'dead_letters'] as const) {
      const held = (sinceMs: number) => workerStatus({ state: 'working', sinceMs }, hold(reason));
      expect(held(10)).to.deep.equal({ state: 'held', since_ms: 50 });
      expect(held(70)).to.deep.equal({ state: 'held', since_ms: 70 });
      expect(workerStatus({ state: 'idle', sinceMs: 10 }, hold(reason)).state).to.equal('idle');
    }
    expect(workerStatus({ state: 'working', sinceMs: 10 }, hold('queue')).state).to.equal('applying');
  });
});
