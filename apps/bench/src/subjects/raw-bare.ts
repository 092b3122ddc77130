/**
 * The least that a server of these two routes can do on `node:http`: it parses the body, checks each field, puts the
 * update into a ring buffer, answers, and once a turn of the event loop moves what waits into a `Map`, from which it
 * serves reads. It shares no code with the service. It has no limits, no versions, no metrics and no error texts.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

interface Update {
  readonly product_id: string;
  readonly price?: number;
  readonly stock?: number;
}

const CAPACITY = 131_072;
const ring: (Update | undefined)[] = Array.from({ length: CAPACITY }, () => undefined);
let first = 0;
let waiting = 0;
let isScheduled = false;
let accepted = 0;
const products = new Map<string, Update>();

function enqueue(update: Update): boolean {
  if (waiting === CAPACITY) return false;
  ring[(first + waiting) & (CAPACITY - 1)] = update;
  waiting += 1;
  if (!isScheduled) {
    isScheduled = true;
    setImmediate(applyAll);
  }
  return true;
}

function applyAll(): void {
  isScheduled = false;
  for (; waiting > 0; waiting -= 1) {
    const update = ring[first] as Update;
    ring[first] = undefined;
    first = (first + 1) & (CAPACITY - 1);
    const known = products.get(update.product_id);
    products.set(update.product_id, known === undefined ? update : { ...known, ...update });
  }
}

function isUpdate(value: unknown): value is Update {
  if (typeof value !== 'object' || value === null) return false;
  const { product_id, price, stock } = value as Record<string, unknown>;
  return (
    typeof product_id === 'string' &&
    product_id.length > 0 &&
    product_id.length <= 128 &&
    (price === undefined || (typeof price === 'number' && price >= 0 && price <= 1e12)) &&
    (stock === undefined || (Number.isSafeInteger(stock) && (stock as number) >= 0)) &&
    (price !== undefined || stock !== undefined)
  );
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function accept(response: ServerResponse, body: unknown): void {
  const updates: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (!updates.every(isUpdate)) return answer(response, 400, '{"error":"invalid"}');
  if (!updates.every(enqueue)) return answer(response, 503, '{"error":"full"}');
  const ids = updates.map(() => (accepted += 1).toString(36).padStart(12, '0'));
  if (Array.isArray(body)) answer(response, 202, JSON.stringify({ accepted: ids.length, event_ids: ids }));
  else answer(response, 202, `{"message":"Event received and queued successfully","event_id":"${ids[0] ?? ''}"}`);
}

function readJson(request: IncomingMessage, done: (body: unknown) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => done(JSON.parse(Buffer.concat(chunks).toString())));
}

listen(
  createServer((request, response) => {
    const { method, url = '' } = request;
    if (method === 'POST' && url === '/events') {
      readJson(request, (body) => accept(response, body));
    } else if (method === 'GET' && url.startsWith('/products/')) {
      const product = products.get(decodeURIComponent(url.slice(10)));
      if (product === undefined) answer(response, 404, '{"error":"not found"}');
      else answer(response, 200, JSON.stringify(product));
    } else {
      answer(response, url === '/livez' ? 200 : 404, '{}');
    }
  }),
);
