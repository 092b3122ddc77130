/** The bound of what `node:http` can do: it parses the body and gives a canned answer. No rules, no queue, no store. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.ts';

const product = Buffer.from(JSON.stringify({ product_id: 'product-00000', price: 99.99, stock: 50 }));
const accepted = Buffer.from(JSON.stringify({ message: 'Event received and queued successfully', event_id: 'canned' }));

function answer(response: ServerResponse, status: number, body: Buffer): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body);
}

function accept(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
    answer(response, typeof body === 'object' ? 202 : 400, accepted);
  });
}

listen(
  createServer((request, response) => {
    if (request.method === 'POST') accept(request, response);
    else answer(response, 200, product);
  }),
);
