import { NEVER, versionOf, type ProductRecord, type Version } from '@product-updates/domain';

/** So many distinct products, again and again, each time newer and in another order. */
export interface Workload {
  /**
   * All products once, in batches. The records of one batch lie far apart in the order of ids and in the order in which
   * they were first written, as those of different clients do.
   */
  pass(number: number): readonly (readonly ProductRecord[])[];
  /** Batch `number` of the endless row of passes, made when it is asked for. */
  batch(number: number): readonly ProductRecord[];
  /** The id of one of the products, by any whole number. */
  productId(number: number): string;
}

export interface WorkloadOptions {
  /** The beginning of the ids. */
  readonly name: string;
  readonly products: number;
  readonly batchSize: number;
}

/** Copied, as in repository-postgres: a literal's records would soon be allocated in the old generation. */
const BLANK = { product_id: '', price: null, price_version: NEVER, stock: null, stock_version: NEVER };

/** As large as those that the service gives: what is written as text has 16 digits. */
const FIRST_VERSION = versionOf(Date.UTC(2026, 0, 1));

export function createWorkload({ name, products, batchSize }: WorkloadOptions): Workload {
  const batches = Math.ceil(products / batchSize);
  // Made once: it is the store that is measured, not the making of texts beside it.
  const ids = Array.from({ length: products }, (_, number) => `${name}-${String(number).padStart(7, '0')}`);
  const productId = (number: number): string => ids[number % products] ?? '';

  function record(pass: number, stride: number, position: number): ProductRecord {
    const number = (position * stride + pass * 7) % products;
    const version = (FIRST_VERSION + pass) as Version;
    const [price, stock] = [((number * 7919 + pass * 31) % 1_000_000) / 100, (number * 31 + pass) % 10_000];
    return { ...BLANK, product_id: productId(number), price, price_version: version, stock, stock_version: version };
  }
  function batch(number: number): readonly ProductRecord[] {
    const pass = Math.floor(number / batches);
    const from = (number % batches) * batchSize;
    const length = Math.min(batchSize, products - from);
    const stride = strideOf(pass, products);
    return Array.from({ length }, (_, index) => record(pass, stride, from + index));
  }
  return {
    pass: (number) => Array.from({ length: batches }, (_, index) => batch(number * batches + index)),
    batch,
    productId,
  };
}

/** Coprime to the number of products, so that a pass names each once; another one for each of the first passes. */
function strideOf(pass: number, products: number): number {
  let stride = Math.max(1, Math.floor(products * (0.618 - 0.037 * (pass % 11))));
  while (greatestCommonDivisor(stride, products) !== 1) stride += 1;
  return stride;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
