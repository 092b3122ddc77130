import { fateOf, isProductId, parseEventId, type ProductRecord } from '@product-updates/domain';
import { unknownProduct } from './get-product.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { HttpProblem } from './problem.ts';
import type { Routes } from './route.ts';

/** The reads that are not hot: several products at a time, and the fate of one update. */
export function createProductRoutes({
  products,
  deadLetters,
}: Pick<HttpDependencies, 'products' | 'deadLetters'>): Pick<Routes, 'listProducts' | 'getFate'> {
  return {
    async listProducts({ query }) {
      const ids = query['id'] as readonly string[];
      const asked = ids.filter((id) => isProductId(id));
      const records = await products.getMany(asked);
      const found = new Map(records.map((record, index) => [asked[index], record]));
      const items: Pick<ProductRecord, 'product_id' | 'price' | 'stock'>[] = [];
      const missing: string[] = [];
      for (const id of ids) {
        const record = found.get(id);
        if (record === undefined) missing.push(id);
        else items.push({ product_id: record.product_id, price: record.price, stock: record.stock });
      }
      return { status: 200, body: { items, missing }, headers: { 'cache-control': 'no-cache' } };
    },

    async getFate({ params: { id = '', event_id = '' } }) {
      const eventId = parseEventId(event_id);
      if (eventId === undefined) throw new HttpProblem({ status: 404, detail: 'No event can have this id' });
      if (!isProductId(id)) throw new HttpProblem(unknownProduct);
      // The letter first: an update that is replayed and applied in between is then seen as applied, never as pending.
      const [letter] = await deadLetters.list({ limit: 1, after: event_id });
      const isDead = letter?.id.startsWith(`${event_id}.`) === true && letter.product_id === id;
      const record = await products.get(id);
      return { status: 200, body: { event_id, status: fateOf(eventId, record, isDead) } };
    },
  };
}
