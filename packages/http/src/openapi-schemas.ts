import { fates, productUpdateSchema } from '@product-updates/domain';
import { deadLetterReasons } from '@product-updates/repository';
import { durabilities } from '@product-updates/queue';
import { workerStates } from './http-dependencies.ts';

/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>;

const string: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const integer: Schema = { type: 'integer', minimum: 0 };
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const array = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
/** An object with exactly these members; those with a `?` may be absent. */
const object = (members: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(members).map(([name, schema]) => [name.replace('?', ''), schema])),
  required: Object.keys(members).filter((name) => !name.endsWith('?')),
  additionalProperties: false,
});

const errors = array(object({ detail: string, 'pointer?': string, 'parameter?': string }));
const durability = object({ queue: { enum: durabilities }, store: { enum: durabilities } });
const check: Schema = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
const readiness = {
  ready: { type: 'boolean' },
  checks: { type: 'object', additionalProperties: check },
  durability,
};
const letter = {
  id: string,
  product_id: string,
  reason: { enum: deadLetterReasons },
  error: string,
  attempts: integer,
  failed_at: time,
  event: nullable(ref('ProductEvent')),
};
const price = nullable({ type: 'number', minimum: 0 });
const stock = nullable(integer);
const product = { product_id: string, price, stock };

/** Everything that goes over the wire, by name. */
export const schemas: Readonly<Record<string, Schema>> = {
  ProductUpdate: productUpdateSchema as unknown as Schema,
  Accepted: { anyOf: [ref('AcceptedOne'), ref('AcceptedMany')] },
  AcceptedOne: object({ message: string, event_id: string }),
  AcceptedMany: object({
    message: string,
    accepted: integer,
    event_ids: array(nullable(string)),
    'rejected?': {
      ...array(object({ index: integer, errors })),
      description:
        'Every refused update of a lenient array, by its place in it. At most 100 errors are told in all: of what comes after them the errors are left out.',
    },
    'error_count?': { ...integer, description: 'How many errors there are, where more than 100 were found.' },
  }),
  Product: object(product),
  ProductList: object({ items: array(ref('Product')), missing: array(string) }),
  Fate: object({ event_id: string, status: { enum: fates } }),
  QueueStatus: object({
    depth: integer,
    capacity: nullable(integer),
    unacked: integer,
    oldest_age_seconds: nullable({ type: 'number' }),
    durability: { enum: durabilities },
    accepted_per_second: { type: 'number' },
    settled_per_second: { type: 'number' },
    workers: array(object({ state: { enum: workerStates }, since: time })),
    busy: integer,
    state: nullable({ enum: ['running', 'held', 'draining', 'stopped'] }),
    hold: nullable(object({ reason: string, since: time, error: string })),
    retrying: nullable(object({ products: integer, since: time, error: string })),
    holding: integer,
    window: integer,
    last_receive_at: nullable(time),
  }),
  ProductEvent: object({
    ...product,
    price_version: integer,
    stock_version: integer,
    event_id: string,
    accepted_at: integer,
    replays: integer,
  }),
  DeadLetter: object({ ...letter, bytes: nullable({ type: 'string', contentEncoding: 'base64' }) }),
  DeadLetterPage: object({ items: array(object(letter)), next: nullable(string) }),
  ReplayedOne: object({ message: string, event_id: string, replays: integer }),
  ReplayedMany: object({ replayed: integer, failed: integer }),
  Liveness: object({ alive: { const: true } }),
  Readiness: object(readiness),
  Document: { type: 'object' },
  Problem: object({
    type: string,
    title: string,
    status: integer,
    detail: string,
    'errors?': { ...errors, description: 'The first 100 of them.' },
    'error_count?': { ...integer, description: 'How many errors there are in all; of one update at most 20 count.' },
    'ready?': readiness.ready,
    'checks?': readiness.checks,
    'durability?': durability,
  }),
};
