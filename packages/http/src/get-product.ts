import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { isProductId, type ProductRecord } from '@product-updates/domain';
import { reportDenial } from './denial.ts';
import { etagOf, matchesEtag } from './etag.ts';
import { isProblem, type Gate } from './gate.ts';
import type { HotReply, HotRoute } from './hot-route.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { problemOf, unexpected, type Problem } from './problem.ts';

export interface GetProductOptions {
  readonly deps: HttpDependencies;
  readonly gate: Gate;
}

/** The route of one product. `id` is decoded. */
export type GetProduct = (id: string) => HotRoute;

const WHAT = 'GET /products/{id}';

export const unknownProduct: Problem = { status: 404, detail: 'No update of this product was applied yet' };

/** `GET` and `HEAD /products/{id}`, from the headers to the answer. */
export function createGetProduct({ deps, gate }: GetProductOptions): GetProduct {
  const { products, observer } = deps;
  return (id) => (req, _res, answer) => {
    const caller = gate.admit(req, 'read');
    if (isProblem(caller)) {
      reportDenial(deps, req, caller);
      return answer(caller);
    }
    // Not every store could take the question: PostgreSQL, for one, has no NUL in texts.
    if (!isProductId(id)) return answer(unknownProduct);
    products.get(id).then(
      (record) => answer(record === undefined ? unknownProduct : productReply(req, record)),
      (error: unknown) => {
        const problem = problemOf(error);
        if (problem === undefined) observer.failed(WHAT, error, { product_id: id });
        else observer.unavailable(WHAT, error, { product_id: id });
        answer(problem ?? unexpected);
      },
    );
  };
}

/**
 * The id in the path `/products/{id}`, decoded: `a%2Fb` is the id `a/b`. `undefined` where the URL is any other path, has
 * a query, or a malformed percent-encoding.
 */
export function productIdIn(url: string): string | undefined {
  if (!url.startsWith('/products/') || url.length === 10) return undefined;
  let encoded = false;
  for (let at = 10; at < url.length; at += 1) {
    const code = url.charCodeAt(at);
    if (code === 0x2f || code === 0x3f || code === 0x23) return undefined;
    if (code === 0x25) encoded = true;
  }
  const id = url.slice(10);
  return encoded ? decoded(id) : id;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** 200 with the product, exactly id, price and stock; or 304 where the client has just that. */
function productReply(req: IncomingMessage, { product_id, price, stock }: ProductRecord): HotReply {
  const etag = etagOf(price, stock);
  const ifNoneMatch = req.headers['if-none-match'];
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)) {
    return {
      status: 304,
      headers: ['cache-control', 'no-cache', 'x-content-type-options', 'nosniff', 'etag', etag],
      body: undefined,
    };
  }
  const isPlain = /^[ !#-[\]-~]*$/.test(product_id);
  const id = isPlain ? `"${product_id}"` : JSON.stringify(product_id);
  const json = `{"product_id":${id},"price":${price ?? 'null'},"stock":${stock ?? 'null'}}`;
  const body = isPlain ? json : Buffer.from(json);
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(body.length),
    'cache-control',
    'no-cache',
    'x-content-type-options',
    'nosniff',
    'etag',
    etag,
  ];
  return { status: 200, headers, body };
}
