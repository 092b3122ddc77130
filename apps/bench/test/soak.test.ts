import { expect } from 'chai';
import { verdictOf } from '../src/endurance/soak.ts';

const samples = (heap: (minute: number) => number): { minute: number; heapMib: number; rssMib: undefined }[] =>
  Array.from({ length: 60 }, (_, index) => ({ minute: index / 6, heapMib: heap(index / 6), rssMib: undefined }));

describe('verdictOf', () => {
  it('calls noise flat, and what the warm-up took', () => {
    expect(verdictOf(samples((minute) => (minute < 1 ? 10 : 30) + Math.sin(minute * 12)))).to.contain('**flat**');
  });

  it('finds a leak of half a mebibyte a minute', () => {
    const verdict = verdictOf(samples((minute) => 30 + minute / 2 + Math.sin(minute * 12)));
    expect(verdict).to.contain('**NOT flat**');
    expect(verdict).to.match(/\([45]\d\d\.\d KiB a minute\)/);
  });
});
