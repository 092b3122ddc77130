import type { Scope } from './api-keys.ts';
import { MAX_IDS } from './limits.ts';
import type { HttpOptions } from './http-dependencies.ts';
import type { QueryParameters } from './query.ts';

/** Everything that can be asked of the service, once: the router's routes and the OpenAPI document are both made of this. */
export interface Operation {
  readonly id: OperationId;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With `{name}` for what varies: also the route's label in the metrics. */
  readonly path: string;
  /** What a key must be allowed to do; `undefined`: open to everybody. */
  readonly scope: Scope | undefined;
  readonly summary: string;
  /** `ignored`: whatever comes is let pass, so that no probe or scraper is ever refused for what it appends. */
  readonly query: QueryParameters | 'ignored';
  /** The name of the schema of each success's body, `null` where it has none, `text` for plain text. */
  readonly success: Readonly<Record<number, string | null>>;
  /** The errors of its own, besides those that anything may answer. */
  readonly errors: readonly number[];
}

export type OperationId =
  | 'postEvents'
  | 'listProducts'
  | 'getProduct'
  | 'getFate'
  | 'getQueue'
  | 'listDeadLetters'
  | 'replayDeadLetters'
  | 'getDeadLetter'
  | 'deleteDeadLetter'
  | 'replayDeadLetter'
  | 'getLiveness'
  | 'getReadiness'
  | 'getMetrics'
  | 'getOpenApi';

const none: QueryParameters = {};
const after = {
  description: 'Only letters whose id comes after this one; it need not exist.',
  schema: { type: 'string', minLength: 1, maxLength: 512 },
} as const;
const limit = (most: number, description: string): QueryParameters[string] => ({
  description,
  schema: { type: 'integer', minimum: 1, maximum: most, default: 100 },
});

const operations: readonly Operation[] = [
  {
    id: 'postEvents',
    method: 'POST',
    path: '/events',
    scope: 'write',
    summary: 'Takes one update, or an array of them, and answers when the queue is responsible for them.',
    query: none,
    success: { 202: 'Accepted' },
    errors: [400, 408, 413, 415, 429, 503],
  },
  {
    id: 'listProducts',
    method: 'GET',
    path: '/products',
    scope: 'read',
    summary: 'Reads up to 100 products, in the order asked.',
    query: {
      id: {
        description: 'A product id; repeated for each.',
        required: true,
        schema: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: MAX_IDS },
      },
    },
    success: { 200: 'ProductList' },
    errors: [400, 503],
  },
  {
    id: 'getProduct',
    method: 'GET',
    path: '/products/{id}',
    scope: 'read',
    summary: 'Reads one product as it now is.',
    query: none,
    success: { 200: 'Product', 304: null },
    errors: [400, 404, 503],
  },
  {
    id: 'getFate',
    method: 'GET',
    path: '/products/{id}/events/{event_id}',
    scope: 'read',
    summary: 'Tells what became of an accepted update.',
    query: none,
    success: { 200: 'Fate' },
    errors: [400, 404, 503],
  },
  {
    id: 'getQueue',
    method: 'GET',
    path: '/queue',
    scope: 'admin',
    summary: 'Tells how full the queue is and how the workers are doing.',
    query: none,
    success: { 200: 'QueueStatus' },
    errors: [503],
  },
  {
    id: 'listDeadLetters',
    method: 'GET',
    path: '/dead-letters',
    scope: 'admin',
    summary: 'Lists the updates that could not be applied, oldest update first.',
    query: { limit: limit(1000, 'Most letters in one answer.'), after },
    success: { 200: 'DeadLetterPage' },
    errors: [400, 503],
  },
  {
    id: 'replayDeadLetters',
    method: 'POST',
    path: '/dead-letters/replay',
    scope: 'admin',
    summary:
      'Publishes the oldest letters again, each with its original version, and removes those that the queue took.',
    query: { limit: limit(10_000, 'Most letters to replay.'), after },
    success: { 202: 'ReplayedMany' },
    errors: [400, 413, 415, 503],
  },
  {
    id: 'getDeadLetter',
    method: 'GET',
    path: '/dead-letters/{id}',
    scope: 'admin',
    summary: 'Reads one dead letter.',
    query: none,
    success: { 200: 'DeadLetter' },
    errors: [400, 404, 503],
  },
  {
    id: 'deleteDeadLetter',
    method: 'DELETE',
    path: '/dead-letters/{id}',
    scope: 'admin',
    summary: 'Drops one dead letter for good.',
    query: none,
    success: { 204: null },
    errors: [400, 404, 503],
  },
  {
    id: 'replayDeadLetter',
    method: 'POST',
    path: '/dead-letters/{id}/replay',
    scope: 'admin',
    summary: 'Publishes the letter again with its original version, then removes it.',
    query: none,
    success: { 202: 'ReplayedOne' },
    errors: [400, 404, 409, 413, 415, 503],
  },
  {
    id: 'getLiveness',
    method: 'GET',
    path: '/livez',
    scope: undefined,
    summary: 'Answers while the process runs.',
    query: 'ignored',
    success: { 200: 'Liveness' },
    errors: [],
  },
  {
    id: 'getReadiness',
    method: 'GET',
    path: '/readyz',
    scope: undefined,
    summary: 'Tells whether the queue, the store and the consumer are well, and how durable what waits is.',
    query: 'ignored',
    success: { 200: 'Readiness' },
    errors: [503],
  },
  {
    id: 'getMetrics',
    method: 'GET',
    path: '/metrics',
    scope: 'admin',
    summary: 'Metrics in the Prometheus text format.',
    query: 'ignored',
    success: { 200: 'text' },
    errors: [503],
  },
  {
    id: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    scope: undefined,
    summary: 'This document.',
    query: none,
    success: { 200: 'Document' },
    errors: [],
  },
];

/** A worker serves the operations only. */
export function operationsOf(role: HttpOptions['role']): readonly Operation[] {
  return role === 'worker' ? operations.filter(({ scope }) => scope === undefined || scope === 'admin') : operations;
}
