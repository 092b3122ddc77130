import { expect } from 'chai';
import { createStamper, createVersionClock, msOf, parseEventId, type ProductUpdate } from '@product-updates/domain';
import { Ledger } from './crash/ledger.ts';

const MS = Date.UTC(2026, 0, 1);

describe('the ledger of a crash run', () => {
  let ledger: Ledger;
  let nowMs: number;
  let stamper: ReturnType<typeof createStamper>;
  beforeEach(() => {
    ledger = new Ledger();
    nowMs = MS;
    const now = (): number => nowMs;
    stamper = createStamper({ clock: createVersionClock({ now }), now });
  });

  function accept(...updates: ProductUpdate[]): void {
    ledger.accept(
      updates,
      stamper.stampAll(updates).map(({ event_id }) => event_id),
    );
  }
  function faultOf(price: number | null, stock: number | null): string | undefined {
    return ledger.faultOf('p', { product_id: 'p', price, stock });
  }

  it('takes the merge of what was accepted, and nothing else', () => {
    accept({ product_id: 'p', price: 1 }, { product_id: 'p', stock: 2 });
    nowMs += 1000;
    accept({ product_id: 'p', price: 3 });
    accept({ product_id: 'p', price: 4, occurred_at: new Date(MS - 5000).toISOString() });
    expect(faultOf(3, 2)).to.equal(undefined);
    expect(faultOf(1, 2)).to.match(/price is 1, accepted is 3 of 2026/);
    expect(faultOf(4, 2)).to.match(/price is 4/);
    expect(faultOf(3, null)).to.match(/stock is null/);
    expect(faultOf(3, 99)).to.match(/stock is 99/);
    expect(ledger.faultOf('p', undefined)).to.match(/price is null.*stock is null/);
    expect(ledger.faultOf('q', undefined)).to.equal(undefined);
    expect(ledger.faultOf('q', { product_id: 'q', price: 1, stock: null })).to.match(
      /q: price is 1, accepted is nothing/,
    );
  });

  it('takes what was cut for possible, as long as it may be newer', () => {
    accept({ product_id: 'p', price: 1 });
    ledger.leaveOpen([{ product_id: 'p', price: 2 }], nowMs + 10);
    expect(faultOf(1, null)).to.equal(undefined);
    expect(faultOf(2, null)).to.equal(undefined);
    nowMs += 1000;
    accept({ product_id: 'p', price: 3 });
    expect(faultOf(3, null)).to.equal(undefined);
    expect(faultOf(2, null)).to.match(/price is 2, accepted is 3.*or one of 0 that were cut/);
  });

  it('knows how new a cut update may be that says its own time', () => {
    accept({ product_id: 'p', price: 1 });
    const occurred_at = new Date(MS - 1000).toISOString();
    ledger.leaveOpen([{ product_id: 'p', price: 2, stock: 2, occurred_at }], nowMs + 10);
    expect(faultOf(1, 2)).to.equal(undefined);
    expect(faultOf(1, null)).to.equal(undefined);
    expect(faultOf(2, 2)).to.match(/price is 2/);
  });

  it('lets the larger value win at the same time and acceptance, as merge does, else the later accepted', () => {
    const occurred_at = new Date(MS).toISOString();
    accept({ product_id: 'p', price: 5, occurred_at });
    accept({ product_id: 'p', price: 4, occurred_at });
    expect(faultOf(5, null)).to.equal(undefined);
    expect(faultOf(4, null)).to.match(/price is 4/);
    nowMs += 1;
    accept({ product_id: 'p', price: 3, occurred_at });
    expect(faultOf(3, null)).to.equal(undefined);
    expect(faultOf(5, null)).to.match(/price is 5/);
  });

  it('takes a cut update for possible that said the same time', () => {
    const occurred_at = new Date(MS).toISOString();
    accept({ product_id: 'p', price: 5, occurred_at });
    ledger.leaveOpen([{ product_id: 'p', price: 4, occurred_at }], nowMs + 10);
    expect(faultOf(5, null)).to.equal(undefined);
    expect(faultOf(4, null)).to.equal(undefined);
  });

  it('counts, and hands out once what was accepted', () => {
    accept({ product_id: 'p', price: 1 }, { product_id: 'q', stock: 1 });
    ledger.leaveOpen([{ product_id: 'p', price: 2 }], nowMs);
    expect(ledger).to.include({ accepted: 2, unanswered: 1 });
    const fresh = ledger.takeFresh();
    expect(fresh.map(({ product_id }) => product_id)).to.deep.equal(['p', 'q']);
    expect(msOf(parseEventId(fresh[0]!.event_id)!.version)).to.equal(MS);
    expect(ledger.takeFresh()).to.deep.equal([]);
  });

  it('refuses answers that do not fit', () => {
    expect(() => ledger.accept([{ product_id: 'p', price: 1 }], [])).to.throw('0 ids for 1 updates');
    expect(() => ledger.accept([{ product_id: 'p', price: 1 }], ['x'])).to.throw('not an event id: x');
  });
});
