/** What the load generator asks of a server; each case is a closed set of requests, sent round and round. */
export const caseNames = ['post', 'get', 'array', 'mix'] as const;
export type CaseName = (typeof caseNames)[number];

export interface LoadCase {
  readonly title: string;
  readonly requests: readonly LoadRequest[];
}

export interface LoadRequest {
  /** The whole request as it goes over the wire. */
  readonly bytes: Buffer;
  /** The status it gets from a server that is not overloaded. */
  readonly expected: number;
  /** Updates in it; 0 where it is a read. */
  readonly updates: number;
}

/** Products that the load names: enough to be no special case, few enough that memory stays the server's own. */
export const PRODUCTS = 4096;
/** Updates in one array. */
const ARRAY_LENGTH = 1000;
const ARRAYS = 16;

export function createCase(name: CaseName, port: number): LoadCase {
  switch (name) {
    case 'post':
      return { title: 'POST /events', requests: posts(port) };
    case 'get':
      return { title: 'GET /products/{id}', requests: gets(port) };
    case 'array':
      return { title: `POST /events with arrays of ${ARRAY_LENGTH}`, requests: arrays(port) };
    case 'mix':
      return { title: '50 POST, 50 GET, 1 array, and so on', requests: mix(port) };
  }
}

/** The path of the product that the arrays name last: when it is there, all are. */
export function lastProductPath(): string {
  return `/products/${productId(PRODUCTS - 1)}`;
}

function posts(port: number): LoadRequest[] {
  return range(PRODUCTS).map((index) => post(port, update(index), 1));
}

function gets(port: number): LoadRequest[] {
  return range(PRODUCTS).map((index) => {
    const head = `GET /products/${productId(index)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n\r\n`;
    return { bytes: Buffer.from(head), expected: 200, updates: 0 };
  });
}

/** Together they name every product, the last one in the last array. */
function arrays(port: number): LoadRequest[] {
  return range(ARRAYS).map((array) => {
    const end = Math.round(((array + 1) * PRODUCTS) / ARRAYS);
    const updates = range(ARRAY_LENGTH).map((index) => update((end - ARRAY_LENGTH + index + PRODUCTS) % PRODUCTS));
    return post(port, updates, ARRAY_LENGTH);
  });
}

function mix(port: number): LoadRequest[] {
  const [single, read] = [posts(port), gets(port)];
  return arrays(port).flatMap((array, index) => {
    const from = index * 50;
    return [array, ...single.slice(from, from + 50), ...read.slice(from, from + 50)];
  });
}

function post(port: number, body: unknown, updates: number): LoadRequest {
  const text = JSON.stringify(body);
  const head =
    `POST /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
  return { bytes: Buffer.from(head + text), expected: 202, updates };
}

function update(index: number): object {
  return { product_id: productId(index), price: Math.round(index * 7919) / 100, stock: (index * 31) % 1000 };
}

function productId(index: number): string {
  return `product-${index.toString().padStart(5, '0')}`;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
