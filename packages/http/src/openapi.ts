import { MAX_UPDATES } from '@product-updates/domain';
import { knownCodings } from './content-coding.ts';
import { schemas } from './openapi-schemas.ts';
import type { Operation } from './operations.ts';
import { titleOf } from './problem.ts';

export interface OpenApiOptions {
  readonly operations: readonly Operation[];
  readonly version: string;
  /** Whether anything needs a key. */
  readonly withKeys: boolean;
}

type Json = Record<string, unknown>;

/** The OpenAPI 3.1 document, made of the operations that are routed and the schemas that validate. */
export function buildOpenApi({ operations, version, withKeys }: OpenApiOptions): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    (paths[operation.path] ??= {})[operation.method.toLowerCase()] = describeOperation(operation, withKeys);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Product updates',
      version,
      description: 'Takes price and stock changes, applies them in the background, and tells how products now are.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas,
      ...(withKeys && {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      }),
    },
  };
}

function describeOperation(operation: Operation, withKeys: boolean): Json {
  const { id, summary, scope } = operation;
  const isProtected = withKeys && scope !== undefined;
  const errors = [...operation.errors, ...(isProtected ? [401] : []), 403, 500].toSorted((a, b) => a - b);
  return {
    operationId: id,
    summary: isProtected ? `${summary} Needs the scope "${scope}".` : summary,
    parameters: [...pathParameters(operation), ...queryParameters(operation), ...headerParameters(operation)],
    ...(id === 'postEvents' && { requestBody: updates }),
    ...(isProtected && { security: [{ bearer: [] }, { apiKey: [] }] }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.success).map(([status, body]) => [status, success(Number(status), body)]),
      ),
      ...Object.fromEntries(errors.map((status) => [status, problem(status)])),
    },
  };
}

function pathParameters({ path }: Operation): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters({ query }: Operation): Json[] {
  return Object.entries(query === 'ignored' ? {} : query).map(([name, { description, schema, required }]) => ({
    name,
    in: 'query',
    required: required === true,
    description,
    schema,
  }));
}

function headerParameters({ id, method }: Operation): Json[] {
  const header = (name: string, description: string): Json => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  });
  if (id === 'getProduct') return [header('If-None-Match', 'Answers 304 where one of these ETags still holds.')];
  if (method !== 'POST') return [];
  const coding = header('Content-Encoding', `One of ${knownCodings}; limits count decoded bytes.`);
  if (id !== 'postEvents') return [coding];
  return [
    coding,
    header('Prefer', 'handling=lenient: queue the good updates of an array though others are bad.'),
    header('traceparent', 'W3C trace context, carried with the updates.'),
  ];
}

const updates: Json = {
  required: true,
  content: {
    'application/json': {
      schema: {
        anyOf: [
          { $ref: '#/components/schemas/ProductUpdate' },
          { type: 'array', items: { $ref: '#/components/schemas/ProductUpdate' }, minItems: 1, maxItems: MAX_UPDATES },
        ],
      },
    },
  },
};

function success(status: number, body: string | null): Json {
  const description = titleOf(status);
  if (body === null) return { description };
  if (body === 'text') return { description, content: { 'text/plain': { schema: { type: 'string' } } } };
  return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } } };
}

function problem(status: number): Json {
  return {
    description: titleOf(status),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}
