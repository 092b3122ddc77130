import { expect } from 'chai';
import { letterIdOf } from '@product-updates/repository';

describe('letterIdOf', () => {
  it('is one id for a failure told twice, and another for the failure of a replay', () => {
    const event = { event_id: '0abc-p-x', replays: 0 };
    expect(letterIdOf(event)).to.equal('0abc-p-x.0');
    expect(letterIdOf({ ...event, replays: 1 })).to.equal('0abc-p-x.1');
  });
});
