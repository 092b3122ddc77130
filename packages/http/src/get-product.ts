import type { IncomingMessage, ServerResponse } from 'node:http';
import { isProductId, type ProductRecord } from '@product-updates/domain';
import { sendProblem } from './answer.ts';
import { reportDenial } from './denial.ts';
import { etagOf, matchesEtag } from './etag.ts';
import { isProblem, type Gate } from './gate.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { problemOf, unexpected, type Problem } from './problem.ts';

export interface GetProductOptions {
  readonly deps: HttpDependencies;
  readonly gate: Gate;
  readonly monotonicNow: () => number;
}

/** A route below Koa: it answers on its own, later, and never throws. `id` is decoded. */
export type GetProduct = (req: IncomingMessage, res: ServerResponse, id: string) => void;

const WHAT = 'GET /products/{id}';

export const unknownProduct: Problem = { status: 404, detail: 'No update of this product was applied yet' };

/** `GET` and `HEAD /products/{id}`, from the headers to the answer. */
export function createGetProduct({ deps, gate, monotonicNow }: GetProductOptions): GetProduct {
  const { products, observer } = deps;
  return (req, res, id) => {
    const startedMs = monotonicNow();
    const method = req.method === 'HEAD' ? 'HEAD' : 'GET';
    const answer = (status: number): void =>
      observer.responded(method, '/products/{id}', status, monotonicNow() - startedMs);
    const refuse = (problem: Problem): void => {
      reportDenial(deps, req, problem);
      sendProblem(req, res, problem);
      answer(problem.status);
    };
    const caller = gate.admit(req, 'read');
    if (isProblem(caller)) return refuse(caller);
    // Not every store could take the question: PostgreSQL, for one, has no NUL in texts.
    if (!isProductId(id)) return refuse(unknownProduct);
    products.get(id).then(
      (record) => {
        if (record === undefined) refuse(unknownProduct);
        else answer(sendProduct(req, res, record));
      },
      (error: unknown) => {
        const problem = problemOf(error);
        if (problem === undefined) observer.failed(WHAT, error, { product_id: id });
        else observer.unavailable(WHAT, error, { product_id: id });
        refuse(problem ?? unexpected);
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

/** The product as JSON: exactly id, price and stock. */
function productJson({ product_id, price, stock }: ProductRecord): string {
  const id = /^[ !#-[\]-~]*$/.test(product_id) ? `"${product_id}"` : JSON.stringify(product_id);
  return `{"product_id":${id},"price":${price ?? 'null'},"stock":${stock ?? 'null'}}`;
}

/** Answers 200 with the product, or 304 where the client has just that. Returns the status. */
export function sendProduct(req: IncomingMessage, res: ServerResponse, record: ProductRecord): 200 | 304 {
  const etag = etagOf(record.price, record.stock);
  const ifNoneMatch = req.headers['if-none-match'];
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)) {
    res.writeHead(304, { etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' });
    res.end();
    return 304;
  }
  const body = productJson(record);
  res.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    etag,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  res.end(body);
  return 200;
}
