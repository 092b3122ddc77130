import { expect } from 'chai';
import * as fc from 'fast-check';
import { faultOfOccurredAt, isOccurredAt } from '../src/occurred-at.ts';
import { anyText, NOW, runs } from './arbitraries.ts';

const cases: readonly (readonly [text: string, fault: RegExp | undefined])[] = [
  ['2026-11-22T16:20:00Z', undefined],
  ['2026-11-22T16:25:00Z', undefined],
  ['2026-11-22T18:25:00+02:00', undefined],
  ['2020-01-01T00:00:00.001Z', undefined],
  ['2020-01-01T00:00:00.0000003Z', undefined],
  ['2020-01-01T01:00:00.001+01:00', undefined],
  ['2026-11-22T16:25:00.001Z', /^is more than 5 minutes ahead of the server/],
  ['2026-11-22T16:26:00Z', /more than 5 minutes ahead/],
  ['9999-12-31T23:59:59Z', /more than 5 minutes ahead/],
  ['2020-01-01T00:00:00Z', /^must be later than 2020-01-01T00:00:00Z$/],
  ['2020-01-01T00:59:59+01:00', /must be later than 2020/],
  ['1970-01-01T00:00:00Z', /must be later than 2020/],
  ['2026-11-22T16:20:00', /^has no offset: add Z for UTC/],
  ['2026-11-22T16:20:00.5', /has no offset/],
  ['2026-11-22T16:20:00+0000', /^must have a colon in its offset: write it as \+00:00$/],
  ['2026-11-22T16:20:00.123-0530', /^must have a colon in its offset: write it as -05:30$/],
  ['2026-11-22T16:20:00+02', /^must have a colon in its offset: write it as \+02:00$/],
  ['2026-11-22T16:20:00+2400', /must be an RFC 3339 date-time/],
  ['2026-11-22T16:20+0000', /must be an RFC 3339 date-time/],
  ['2026-11-22', /^must be an RFC 3339 date-time with an offset, such as 2026-11-22T16:20:00Z, not "2026-11-22"$/],
  ['', /must be an RFC 3339 date-time with an offset, .*, not ""$/],
  ['\u001b[31m', /not "\\u001b\[31m"$/],
];

describe('occurred_at', () => {
  for (const [text, fault] of cases) {
    it(`${fault === undefined ? 'may' : 'may not'} be ${JSON.stringify(text)}`, () => {
      expect(isOccurredAt(text, NOW)).to.equal(fault === undefined);
      if (fault === undefined) expect(faultOfOccurredAt(text, NOW)).to.equal(undefined);
      else expect(faultOfOccurredAt(text, NOW)).to.match(fault);
    });
  }

  it('is refused exactly where there is something to say', () => {
    const around = fc
      .constantFrom(NOW + 300_000, Date.UTC(2020))
      .chain((ms) => fc.integer({ min: ms - 5, max: ms + 5 }))
      .map((ms) => new Date(ms).toISOString());
    fc.assert(
      fc.property(
        fc.oneof(anyText, around),
        (text) => isOccurredAt(text, NOW) === (faultOfOccurredAt(text, NOW) === undefined),
      ),
      runs(1000),
    );
  });
});
