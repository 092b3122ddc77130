/** What a good fastify service would be: its own schema validation and serialisation in front of the same queue, pipeline and store. */
import { MAX_UPDATES, type ProductEvent, type ProductUpdate } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { noHeaders } from '@product-updates/queue';
import { fastify } from 'fastify';
import { startBackend } from './backend.ts';

const update = {
  type: 'object',
  required: ['product_id'],
  anyOf: [{ required: ['price'] }, { required: ['stock'] }],
  additionalProperties: false,
  properties: {
    product_id: { type: 'string', minLength: 1, maxLength: 128 },
    price: { type: 'number', minimum: 0, maximum: 1e12 },
    stock: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    occurred_at: { type: 'string', format: 'date-time' },
  },
};
const body = { anyOf: [update, { type: 'array', items: update, minItems: 1, maxItems: MAX_UPDATES }] };
const accepted = {
  type: 'object',
  properties: {
    message: { type: 'string' },
    event_id: { type: 'string' },
    accepted: { type: 'integer' },
    event_ids: { type: 'array', items: { type: 'string' } },
  },
};
const product = {
  type: 'object',
  properties: {
    product_id: { type: 'string' },
    price: { type: ['number', 'null'] },
    stock: { type: ['integer', 'null'] },
  },
};

const backend = startBackend();
const { queue, stamper, store } = backend;
const app = fastify({
  bodyLimit: 4 * 1024 * 1024,
  ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
});

function messageOf(event: ProductEvent): { key: string; body: ProductEvent; headers: typeof noHeaders } {
  return { key: event.product_id, body: event, headers: noHeaders };
}

app.post<{ Body: ProductUpdate | ProductUpdate[] }>(
  '/events',
  { schema: { body, response: { 202: accepted } } },
  async (request, reply) => {
    reply.code(202);
    if (Array.isArray(request.body)) {
      const events = stamper.stampAll(request.body);
      await queue.publish(events.map(messageOf));
      const event_ids = events.map(({ event_id }) => event_id);
      return { message: 'Events received and queued successfully', accepted: events.length, event_ids };
    }
    const event = stamper.stamp(request.body);
    await queue.publish([messageOf(event)]);
    return { message: 'Event received and queued successfully', event_id: event.event_id };
  },
);

app.get<{ Params: { id: string } }>(
  '/products/:id',
  { schema: { response: { 200: product } } },
  async (request, reply) => {
    const record = await store.products.get(request.params.id);
    if (record !== undefined) return record;
    return reply.code(404).send({ error: 'Not Found' });
  },
);

app.get('/livez', async () => ({ status: 'ok' }));

app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
  return reply.code(codeOf(error) === 'full' ? 503 : (error.statusCode ?? 500)).send({ error: error.message });
});

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
process.once('SIGTERM', () => {
  app.server.closeAllConnections();
  app
    .close()
    .then(() => backend[Symbol.asyncDispose]())
    .catch((error: unknown) => {
      process.exitCode = 1;
      process.stderr.write(`${String(error)}\n`);
    });
});
