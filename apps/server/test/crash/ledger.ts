import { msOf, parseEventId, versionOf, type ProductUpdate } from '@product-updates/domain';

/** What a product may show of one field. */
interface Field {
  /** The newest that was answered 202. */
  best: Claim | undefined;
  /** What was sent and not answered, and may be newer than that: it may have been accepted or not. */
  open: Claim[];
}
interface Claim {
  readonly value: number;
  /** Of what was never answered, the largest version that it may have got. */
  readonly version: number;
}

/** What a GET shows. */
export interface Shown {
  readonly product_id: string;
  readonly price: number | null;
  readonly stock: number | null;
}

export interface Accepted {
  readonly product_id: string;
  readonly event_id: string;
}

const fields = ['price', 'stock'] as const;

/**
 * What was sent and what was answered, and so what each product may be: the merge of all that was accepted, or newer by
 * what was cut. It knows versions from the event ids and compares values by the rule of `merge`, and nothing else of ours.
 */
export class Ledger {
  accepted = 0;
  unanswered = 0;
  readonly #products = new Map<string, Record<(typeof fields)[number], Field>>();
  #fresh: Accepted[] = [];

  get products(): string[] {
    return [...this.#products.keys()];
  }

  /** These were answered 202. */
  accept(updates: readonly ProductUpdate[], eventIds: readonly string[]): void {
    if (eventIds.length !== updates.length) throw new Error(`${eventIds.length} ids for ${updates.length} updates`);
    for (const [i, update] of updates.entries()) {
      const event_id = eventIds[i] ?? '';
      const version = parseEventId(event_id)?.version;
      if (version === undefined) throw new Error(`not an event id: ${event_id}`);
      this.#fresh.push({ product_id: update.product_id, event_id });
      this.#each(update, (field, value) => {
        if (isNewer({ value, version }, field.best)) field.best = { value, version };
      });
    }
    this.accepted += updates.length;
  }

  /** These were cut, or answered by "try later" at this time: each may be accepted or not. */
  leaveOpen(updates: readonly ProductUpdate[], endedMs: number): void {
    for (const update of updates) {
      const ms = update.occurred_at === undefined ? endedMs + 1 : Date.parse(update.occurred_at);
      // One that says its time gets its age as low bits, and within an array those with the same time get one version each.
      const version = versionOf(ms + 1, updates.length);
      this.#each(update, (field, value) => field.open.push({ value, version }));
    }
    this.unanswered += updates.length;
  }

  /** What is wrong with a product as it is shown when nothing waits any more; `undefined` when it may be so. */
  faultOf(product_id: string, shown: Shown | undefined): string | undefined {
    const product = this.#products.get(product_id);
    const faults = fields.flatMap((name) => {
      const field = product?.[name] ?? { best: undefined, open: [] };
      field.open = field.open.filter((claim) => isNewer(claim, field.best));
      const value = shown?.[name] ?? null;
      const allowed = [field.best?.value ?? null, ...field.open.map((claim) => claim.value)];
      if (allowed.includes(value)) return [];
      const best =
        field.best === undefined
          ? 'nothing'
          : `${field.best.value} of ${new Date(msOf(field.best.version as never)).toISOString()}`;
      return [`${product_id}: ${name} is ${value}, accepted is ${best}, or one of ${field.open.length} that were cut`];
    });
    return faults.length === 0 ? undefined : faults.join('; ');
  }

  /** What was accepted since this was asked last. */
  takeFresh(): Accepted[] {
    const fresh = this.#fresh;
    this.#fresh = [];
    return fresh;
  }

  #each({ product_id, price, stock }: ProductUpdate, visit: (field: Field, value: number) => void): void {
    let product = this.#products.get(product_id);
    if (product === undefined) {
      product = { price: { best: undefined, open: [] }, stock: { best: undefined, open: [] } };
      this.#products.set(product_id, product);
    }
    if (price !== undefined) visit(product.price, price);
    if (stock !== undefined) visit(product.stock, stock);
  }
}

function isNewer(a: Claim, b: Claim | undefined): boolean {
  if (b === undefined) return true;
  return a.version === b.version ? a.value > b.value : a.version > b.version;
}
