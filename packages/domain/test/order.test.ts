import {
  createStamper,
  createVersionClock,
  merge,
  type ProductEvent,
  type ProductRecord,
} from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { NOW, runs } from './arbitraries.ts';

const HOUR_MS = 3_600_000;

/** A server whose clock is this far off. */
function server(clockOff = 0): { nowMs: number; accept(price: number, occurred_at?: string): ProductEvent } {
  const now = (): number => self.nowMs + clockOff;
  const stamper = createStamper({ clock: createVersionClock({ now }), now });
  const self = {
    nowMs: NOW,
    accept: (price: number, occurred_at?: string) =>
      stamper.stamp({ product_id: 'p', price, ...(occurred_at !== undefined && { occurred_at }) }),
  };
  return self;
}

const merged = (events: readonly ProductRecord[]): number | null => events.reduce((a, b) => merge(a, b)).price;
const timeIn = (ms: number): string => new Date(NOW + ms).toISOString();

/** How long after one acceptance the next comes so that the two are told apart, whatever the age. */
const told = (ageMs: number): number => Math.max(1, Math.ceil(Math.abs(ageMs) * 0.0101));

/** Some changes of one product: when they happened, how long after that each was accepted, and by which of two servers. */
const changes = fc.array(
  fc.record({
    occurredMs: fc.oneof(fc.constantFrom(0, 1, 1000), fc.integer({ min: -HOUR_MS, max: HOUR_MS })),
    ageMs: fc.oneof(fc.integer({ min: -300_000, max: 2000 }), fc.integer({ min: 0, max: 1000 * HOUR_MS })),
    server: fc.nat(1),
    price: fc.nat(100),
    place: fc.nat(),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('the order of updates', () => {
  it('is the larger occurred_at, then the later acceptance, on two servers alike, in any order of arrival', () => {
    const servers = [server(), server()] as const;
    fc.assert(
      fc.property(changes, (all) => {
        const events = all.map(({ occurredMs, ageMs, server, price }) => {
          const one = servers[server as 0 | 1];
          one.nowMs = NOW + occurredMs + ageMs;
          return one.accept(price, timeIn(occurredMs));
        });
        for (const [i, a] of all.entries()) {
          for (const [j, b] of all.entries()) {
            const older = events[i]?.price_version ?? 0;
            const newer = events[j]?.price_version ?? 0;
            if (a.occurredMs < b.occurredMs) expect(newer).to.be.above(older);
            if (a.occurredMs !== b.occurredMs) continue;
            if (a.ageMs <= b.ageMs) expect(newer).to.be.at.least(older);
            if (b.ageMs >= a.ageMs + told(a.ageMs)) expect(newer).to.be.above(older);
          }
        }
        const shuffled = events.map((event, i) => [all[i]?.place ?? 0, event] as const).toSorted(([a], [b]) => a - b);
        const again = shuffled.map(([, event]) => event);
        expect(merged([...again, ...events.slice(1)])).to.equal(merged(events));
      }),
      runs(1000),
    );
  });

  it('lets a price cut of the same second win', () => {
    const one = server();
    one.nowMs = NOW + 20;
    const dear = one.accept(10, timeIn(0));
    one.nowMs += 1;
    expect(merged([one.accept(5, timeIn(0)), dear])).to.equal(5);
  });

  it('takes an instant for the same, however it is written', () => {
    const one = server();
    const texts = ['2026-11-22T16:20:00Z', '2026-11-22T17:20:00.000+01:00', '2026-11-22T16:20:00.000000000Z'];
    const versions = texts.map((text) => one.accept(1, text).price_version);
    expect(new Set(versions).size).to.equal(1);
  });

  it('ends in the same state when a file of dated updates is imported again, and again in part', () => {
    const rows = fc.array(fc.tuple(fc.integer({ min: -HOUR_MS, max: 0 }), fc.nat(9)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, fc.nat(20), fc.integer({ min: 1, max: 1000 * HOUR_MS }), (rows, cut, laterMs) => {
        const one = server();
        // A file has one row for each time; see `stampAll` for more of them in an array.
        const file = [...new Map(rows)];
        const imported = (): ProductEvent[] => file.map(([ms, price]) => one.accept(price, timeIn(ms)));
        const first = imported();
        one.nowMs += laterMs;
        const second = imported();
        expect(merged([...first, ...second])).to.equal(merged(first));
        one.nowMs += laterMs;
        const part = imported().slice(0, cut);
        expect(merged([...part, ...second, ...first])).to.equal(merged(first));
      }),
      runs(500),
    );
  });

  it('is that of the instants to 1/4096 ms where the source tells them, whenever they are accepted', () => {
    const one = server();
    one.nowMs = NOW + HOUR_MS;
    const later = one.accept(2, '2026-11-22T16:20:00.000500Z');
    one.nowMs += HOUR_MS;
    const earlier = one.accept(1, '2026-11-22T16:20:00.000100Z');
    expect(merged([later, earlier])).to.equal(2);
    // Never beyond the next millisecond.
    expect(one.accept(3, '2026-11-22T16:20:00.000Z').price_version).to.be.below(
      one.accept(3, '2026-11-22T16:20:00.001000001Z').price_version,
    );
  });

  it('gives an undated update the time of its acceptance', () => {
    const one = server();
    const undated = one.accept(1);
    one.nowMs += 5;
    expect(merged([undated, one.accept(2, timeIn(4))])).to.equal(2);
    expect(merged([undated, one.accept(3, timeIn(-1))])).to.equal(1);
  });
});
