import { Agent, request } from 'node:http';
import { median } from '../stats.ts';

/** From sending an update to reading it, over one keep-alive connection, one update at a time. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const PATIENCE_MS = 5000;

/** Posts so many updates of one product, each when the one before was read, and reads until the new price is there. */
export async function measureLatency(port: number, updates: number): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  try {
    // As many again first, for whatever is compiled when it is hot.
    for (let price = 1; price <= 2 * updates; price += 1) {
      const startedAt = performance.now();
      await send(agent, port, { product_id: 'latency', price });
      while ((await read(agent, port)) !== price) {
        if (performance.now() - startedAt > PATIENCE_MS) throw new Error('an update does not become visible');
      }
      if (price > updates) times.push(performance.now() - startedAt);
    }
  } finally {
    agent.destroy();
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { p50Ms: median(times), p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN };
}

async function send(agent: Agent, port: number, update: object): Promise<void> {
  const body = JSON.stringify(update);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const { status } = await call(agent, { port, method: 'POST', path: '/events', headers }, body);
  if (status !== 202) throw new Error(`POST got the status ${status}`);
}

async function read(agent: Agent, port: number): Promise<unknown> {
  const { status, body } = await call(agent, { port, method: 'GET', path: '/products/latency' });
  return status === 200 ? (JSON.parse(body) as { price?: unknown }).price : undefined;
}

function call(agent: Agent, options: object, body?: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', agent, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
