/**
 * What the service's own work costs without Koa, its routing and its gate: `node:http` that calls the same functions to
 * read, parse, stamp, publish, answer and count, in front of the same queue, pipeline and store.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { MAX_UPDATES } from '@product-updates/domain';
import {
  acceptanceOf,
  createBodyReader,
  parseUpdates,
  productIdIn,
  publishEvents,
  sendAccepted,
  sendProduct,
  stampUpdates,
} from '@product-updates/http';
import { noHeaders } from '@product-updates/queue';
import { startBackend } from './backend.ts';
import { listen } from './listen.ts';

const BODY_LIMIT = 4 * 1024 * 1024;
const bodies = createBodyReader();

const backend = startBackend();
const { queue, stamper, store } = backend;
const observer = backend.telemetry.httpObserver;

async function accept(body: Buffer, response: ServerResponse, startedMs: number): Promise<void> {
  const parsed = parseUpdates(body, { nowMs: Date.now(), maxBatch: MAX_UPDATES, lenient: false });
  const events = stampUpdates(stamper, parsed);
  const published = publishEvents(queue, events, noHeaders);
  const acceptance = acceptanceOf(parsed, events);
  const observed = observer.accepting(events, undefined);
  await published;
  observed();
  sendAccepted(response, acceptance);
  observer.responded('POST', '/events', 202, performance.now() - startedMs);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
  startedMs: number,
): Promise<void> {
  const record = await store.products.get(id);
  const status = record === undefined ? refuse(response, 404) : sendProduct(request, response, record);
  observer.responded('GET', '/products/{id}', status, performance.now() - startedMs);
}

function refuse(response: ServerResponse, status: number): number {
  response.writeHead(status, { 'content-length': 0 }).end();
  return status;
}

listen(
  createServer((request, response) => {
    const startedMs = performance.now();
    const { method, url = '' } = request;
    if (method === 'POST' && url === '/events') {
      bodies.read(request, response, BODY_LIMIT, (body) => {
        if (!Buffer.isBuffer(body)) refuse(response, 400);
        else accept(body, response, startedMs).catch(() => refuse(response, 503));
      });
      return;
    }
    const id = productIdIn(url);
    if (id !== undefined) answer(request, response, id, startedMs).catch(() => refuse(response, 503));
    else refuse(response, url === '/livez' ? 200 : 404);
  }),
  () => backend[Symbol.asyncDispose](),
);
