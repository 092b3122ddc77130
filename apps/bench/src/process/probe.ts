import { get as httpGet } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 5000;

/** One GET over a connection of its own. */
export function get(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpGet({ host: '127.0.0.1', port, path, agent: false, timeout: TIMEOUT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
  });
}

/** Asks every few milliseconds until the status is this one. */
export async function getUntil(port: number, path: string, status: number): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while ((await get(port, path)).status !== status) {
    if (performance.now() > deadline) throw new Error(`GET ${path} does not become ${status}`);
    await delay(5);
  }
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
