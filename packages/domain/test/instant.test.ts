import { parseInstant } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { anyText, NOW, runs } from './arbitraries.ts';

const good: Readonly<Record<string, readonly [ms: number, sub: number]>> = {
  '2026-11-22T16:20:00Z': [NOW, 0],
  '2026-11-22t16:20:00z': [NOW, 0],
  '2026-11-22T16:20:00+00:00': [NOW, 0],
  '2026-11-22T16:20:00-00:00': [NOW, 0],
  '2026-11-22T18:20:00+02:00': [NOW, 0],
  '2026-11-22T10:50:00-05:30': [NOW, 0],
  '2026-11-23T16:19:00+23:59': [NOW, 0],
  '2026-11-22T16:20:00.1Z': [NOW + 100, 0],
  '2026-11-22T16:20:00.123Z': [NOW + 123, 0],
  '2026-11-22T16:20:00.1235Z': [NOW + 123, 2048],
  '2026-11-22T16:20:00.000000244140625Z': [NOW, 1],
  '2026-11-22T16:20:00.000000244140624999999999999999999999Z': [NOW, 0],
  '2026-11-22T16:20:00.99999999999999999999999999999999999999999999Z': [NOW + 999, 4095],
  '2024-02-29T00:00:00Z': [Date.UTC(2024, 1, 29), 0],
  '2000-02-29T00:00:00Z': [Date.UTC(2000, 1, 29), 0],
  '1970-01-01T00:00:00Z': [0, 0],
  '0000-02-29T00:00:00Z': [Date.parse('0000-02-29T00:00:00Z'), 0],
  '9999-12-31T23:59:59.999Z': [Date.UTC(10_000, 0) - 1, 0],
  // Leap seconds (the examples of RFC 3339, §5.8): between the seconds around them.
  '1990-12-31T23:59:60Z': [Date.UTC(1991, 0) - 1, 4095],
  '1990-12-31T15:59:60-08:00': [Date.UTC(1991, 0) - 1, 4095],
  '2016-06-30T23:59:60.9999Z': [Date.UTC(2016, 6) - 1, 4095],
};

const bad = [
  '',
  '2026-11-22',
  '2026-11-22T16:20:00',
  '2026-11-22T16:20Z',
  '2026-11-22 16:20:00Z',
  '2026-11-22T16:20:00 Z',
  ' 2026-11-22T16:20:00Z',
  '2026-11-22T16:20:00Z ',
  '2026-11-22T16:20:00Z\n',
  '2026-11-22T16:20:00ZZ',
  '2026-11-22T16:20:00.Z',
  '2026-11-22T16:20:00,5Z',
  '2026-11-22T16:20:00.5',
  '2026-11-22T16:20:00.5.5Z',
  '2026-11-22T16:20:00+02',
  '2026-11-22T16:20:00+0200',
  '2026-11-22T16:20:00+2:00',
  '2026-11-22T16:20:00+02:0',
  '2026-11-22T16:20:00+02:000',
  '2026-11-22T16:20:00+24:00',
  '2026-11-22T16:20:00+02:60',
  '2026-11-22T16:20:00\u221202:00',
  '2026-11-22T24:00:00Z',
  '2026-11-22T16:60:00Z',
  '2026-11-22T16:20:61Z',
  '2026-11-22T16:20:60Z',
  '2026-12-31T23:59:60+01:00',
  '2026-11-30T23:59:60Z',
  '2026-12-31T23:58:60Z',
  '2026-00-22T16:20:00Z',
  '2026-13-22T16:20:00Z',
  '2026-11-00T16:20:00Z',
  '2026-11-31T16:20:00Z',
  '2026-02-29T16:20:00Z',
  '1900-02-29T16:20:00Z',
  '26-11-22T16:20:00Z',
  '+002026-11-22T16:20:00Z',
  '-2026-11-22T16:20:00Z',
  '2026-11-22T1６:20:00Z',
  '２026-11-22T16:20:00Z',
  '2026-1-22T16:20:00.00Z',
  '2026-11-22T-1:20:00.0Z',
  '2026-W47-7T16:20:00Z',
  'Sun, 22 Nov 2026 16:20:00 GMT',
  '1795364400000',
  `2026-11-22T16:20:00.${'0'.repeat(50)}Z`,
  `2026-11-22T16:20:00.${'0'.repeat(1e6)}Z`,
];

describe('parseInstant', () => {
  for (const [text, [ms, sub]] of Object.entries(good)) {
    it(`reads ${text}`, () => {
      expect(parseInstant(text)).to.deep.equal({ ms, sub });
    });
  }

  for (const text of bad) {
    it(`refuses ${JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)}`, () => {
      expect(parseInstant(text)).to.equal(undefined);
    });
  }

  const two = (n: number): string => String(n).padStart(2, '0');
  const upTo = (max: number): fc.Arbitrary<string> => fc.nat({ max }).map(two);
  const offset = fc.oneof(
    fc.constantFrom('Z', 'z', '-00:00'),
    fc
      .tuple(fc.constantFrom('+', '-'), upTo(24), upTo(60))
      .map(([sign, hours, minutes]) => `${sign}${hours}:${minutes}`),
  );
  /** Date-times in form, some of them on days and hours that there are not. */
  const inForm = fc
    .record({
      year: fc.oneof(fc.nat({ max: 9999 }), fc.integer({ min: 2019, max: 2030 })),
      month: upTo(13),
      day: upTo(32),
      hour: upTo(24),
      minute: upTo(60),
      second: upTo(60),
      fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,3}$/)),
      offset,
    })
    .map(
      (t) =>
        `${String(t.year).padStart(4, '0')}-${t.month}-${t.day}T${t.hour}:${t.minute}:${t.second}${t.fraction}${t.offset}`,
    );

  it('agrees with Date.parse where that can tell', () => {
    fc.assert(
      fc.property(inForm, (text) => {
        const [, month, day, hour, minute, second] = /^\d{4}-(..)-(..)T(..):(..):(..)/.exec(
          text,
        ) as unknown as string[];
        const [offsetHours, offsetMinutes] = text.slice(-5).split(':').map(Number) as [number, number];
        // Date.parse takes the 30th of February and hour 24, but no second 60.
        const isDay =
          !Number.isNaN(Date.parse(text)) &&
          new Date(`${text.slice(0, 10)}T00:00:00Z`).toISOString().startsWith(text.slice(0, 10));
        const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
        const isOffset = /z$/i.test(text) || (offsetHours < 24 && offsetMinutes < 60);
        fc.pre(second !== '60' && month !== undefined && day !== undefined);
        expect(parseInstant(text)?.ms).to.equal(isDay && isTime && isOffset ? Date.parse(text) : undefined);
      }),
      runs(5000),
    );
  });

  it('agrees with Date.parse on every day from 1999 to 2101', () => {
    for (let ms = Date.UTC(1999, 0); ms < Date.UTC(2101, 0); ms += 86_400_000) {
      const text = new Date(ms + 1).toISOString();
      expect(parseInstant(text)?.ms).to.equal(ms + 1);
    }
  });

  it('cuts any number of digits exactly', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{1,44}$/), (fraction) => {
        const ticks = (BigInt(fraction) * 4_096_000n) / 10n ** BigInt(fraction.length);
        expect(parseInstant(`2026-11-22T16:20:00.${fraction}Z`)).to.deep.equal({
          ms: NOW + Number(ticks / 4096n),
          sub: Number(ticks % 4096n),
        });
      }),
      runs(2000),
    );
  });

  it('keeps the bounds of 1/4096 ms exactly', () => {
    for (let sub = 1; sub < 4096; sub += 1) {
      const digits = String((BigInt(sub) * 10n ** 12n) / 4096n).padStart(12, '0');
      expect(parseInstant(`2026-11-22T16:20:00.000${digits}Z`)?.sub).to.equal(sub);
      const below = String((BigInt(sub) * 10n ** 12n) / 4096n - 1n).padStart(12, '0');
      expect(parseInstant(`2026-11-22T16:20:00.000${below}999999Z`)?.sub).to.equal(sub - 1);
    }
  });

  it('throws on nothing, and reads no text but those of its form', () => {
    const form = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
    const nearly = fc
      .tuple(inForm, fc.nat({ max: 30 }), anyText)
      .map(([text, at, other]) => text.slice(0, at) + other.slice(0, 2) + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(anyText, nearly), (text) => parseInstant(text) === undefined || form.test(text)),
      runs(3000),
    );
  });
});
