import { expect } from 'chai';
import { onCore, parseCoreList } from '../src/process/pinning.ts';

describe('parseCoreList', () => {
  it('reads ranges and single cores', () => {
    expect(parseCoreList('0-3,8,10-11')).to.deep.equal([0, 1, 2, 3, 8, 10, 11]);
    expect(parseCoreList('5')).to.deep.equal([5]);
    expect(parseCoreList('')).to.deep.equal([]);
  });
});

describe('onCore', () => {
  it('leaves the command alone where there is nothing to pin to', () => {
    expect(onCore(null, ['node', 'a.ts'])).to.deep.equal(['node', 'a.ts']);
    expect(onCore(3, ['node', 'a.ts'])).to.deep.equal(['taskset', '-c', '3', 'node', 'a.ts']);
  });
});
