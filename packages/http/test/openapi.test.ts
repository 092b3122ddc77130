import type { Router } from '@koa/router';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import type { ProductEvent } from '@product-updates/domain';
import { parseApiKeys } from '@product-updates/http';
import type { Response } from 'supertest';
import { letterOf, startService, type Service } from './service.ts';

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly security?: unknown;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly securitySchemes?: object };
}

describe('GET /openapi.json', () => {
  let service: Service;
  let document: Document;
  beforeEach(async () => {
    service = await startService();
    document = (await service.agent.get('/openapi.json').expect(200)).body as Document;
  });
  afterEach(() => service[Symbol.asyncDispose]());

  /** What the router that serves has in it, not what it was made of. */
  function routed(): string[] {
    const middleware = service.http.app.middleware as readonly (object & { router?: Router })[];
    const router = middleware.find((one) => one.router !== undefined)?.router;
    return (router?.stack ?? []).flatMap(({ path, methods }) =>
      methods
        .filter((method) => method !== 'HEAD')
        .map((method) => `${method} ${String(path).replaceAll(/:(\w+)/g, '{$1}')}`),
    );
  }

  it('has every route, and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.toSorted()).to.deep.equal(routed().toSorted());
    expect(described).to.have.length(14);
  });

  it('names each parameter of each path', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(operations)) {
        expect(
          parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
          path,
        ).to.deep.equal(names);
      }
    }
  });

  it('has schemas that are valid JSON Schema, and references that lead somewhere', () => {
    const ajv = checker();
    for (const name of Object.keys(document.components.schemas)) {
      expect(ajv.getSchema(`openapi#/components/schemas/${name}`), name).to.be.a('function');
    }
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(document.components.schemas).to.have.property(name ?? '');
    }
  });

  it('tells about keys where there are keys', async () => {
    expect(document.components.securitySchemes).to.equal(undefined);
    await using keyed = await startService({ options: { apiKeys: parseApiKeys('a:write:sixteen-letters.') } });
    const { components, paths } = (await keyed.agent.get('/openapi.json').expect(200)).body as Document;
    expect(components.securitySchemes).to.have.all.keys('bearer', 'apiKey');
    expect(paths['/events']?.['post']?.security).to.deep.equal([{ bearer: [] }, { apiKey: [] }]);
    expect(paths['/livez']?.['get']).not.to.have.property('security');
  });

  function checker(): Ajv2020 {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'openapi');
    return ajv;
  }

  function pathOf(url: string): string | undefined {
    const path = url.replace(/\?.*$/, '');
    if (document.paths[path] !== undefined) return path;
    return Object.keys(document.paths).find((known) =>
      new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
  }

  /** The answer is one that the document tells of: its status, its type, its body. */
  function check(ajv: Ajv2020, method: string, url: string, response: Response): void {
    const what = `${method} ${url} ${response.status}`;
    const path = pathOf(url);
    const described = document.paths[path ?? '']?.[method.toLowerCase()]?.responses[response.status];
    expect(described, what).not.to.equal(undefined);
    const [type] = (response.headers['content-type'] ?? '').split(';');
    if (described?.content === undefined) {
      expect(response.text, what).to.equal('');
      return;
    }
    expect(Object.keys(described.content), what).to.include(type);
    if (type === 'text/plain') return;
    const pointer = `/paths/${(path ?? '').replaceAll('/', '~1')}/${method.toLowerCase()}/responses/${response.status}/content/${(type ?? '').replaceAll('/', '~1')}/schema`;
    const validate = ajv.getSchema(`openapi#${encodeURI(pointer)}`) as ValidateFunction;
    expect(validate(response.body), `${what} ${ajv.errorsText(validate.errors)}\n${response.text}`).to.equal(true);
  }

  it('tells the truth about every answer', async () => {
    const ajv = checker();
    const seen = new Set<string>();
    const ask = async (
      method: 'GET' | 'POST' | 'DELETE',
      url: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ) => {
      const request = { GET: service.agent.get, POST: service.agent.post, DELETE: service.agent.delete }[method];
      const pending = request.call(service.agent, url).set(headers);
      const response = await (body === undefined ? pending : pending.send(body as object));
      check(ajv, method, url, response);
      seen.add(`${method} ${pathOf(url)} ${response.status}`);
      return response;
    };
    const good = { product_id: 'p1', price: 1, stock: 2 };
    const accepted = await ask('POST', '/events', good);
    await ask('POST', '/events', [good, { ...good, price: 3, stock: undefined }]);
    await ask('POST', '/events', [good, { product_id: 'p1' }], { prefer: 'handling=lenient' });
    await ask('POST', '/events', [good, { product_id: 'p1' }]);
    await ask('POST', '/events?x', good);
    await ask('POST', '/events', 'x', { 'content-type': 'text/plain' });
    await ask(
      'POST',
      '/events',
      Array.from({ length: 1001 }, () => good),
    );
    await ask('POST', '/events', good, { origin: 'https://elsewhere.example' });
    await ask('GET', '/queue');
    const [delivery] = await service.queue.receive(1);
    const event = delivery?.body as ProductEvent;
    await service.store.deadLetters.add(letterOf(event));
    await service.store.deadLetters.add(letterOf({ ...event, replays: 1 }));
    const bytes = Buffer.from('x');
    await service.store.deadLetters.add(
      letterOf(event, { id: 'undecodable.x', reason: 'undecodable', event: null, bytes }),
    );
    await service.store.products.apply([event]);
    await ask('GET', '/products/p1');
    await ask('GET', '/products/p1', undefined, { 'if-none-match': '*' });
    await ask('GET', '/products/p9');
    await ask('GET', '/products/%ff');
    await ask('GET', '/products?id=p1&id=p9');
    await ask('GET', '/products');
    await ask('GET', `/products/p1/events/${(accepted.body as { event_id: string }).event_id}`);
    await ask('GET', '/products/p1/events/x');
    await ask('GET', '/dead-letters?limit=1');
    await ask('GET', '/dead-letters?limit=0');
    await ask('GET', '/dead-letters/undecodable.x');
    await ask('GET', '/dead-letters/x');
    await ask('POST', '/dead-letters/undecodable.x/replay');
    await ask('POST', '/dead-letters/x/replay');
    await ask('POST', `/dead-letters/${event.event_id}.0/replay`);
    await ask('POST', '/dead-letters/replay?limit=1');
    await ask('POST', '/dead-letters/replay', { x: 1 });
    await ask('DELETE', '/dead-letters/undecodable.x');
    await ask('DELETE', '/dead-letters/undecodable.x');
    for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json']) await ask('GET', path);
    service.http.drain();
    await ask('GET', '/readyz');
    await ask('POST', '/events', good);

    const successes = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses)
          .filter((status) => Number(status) < 400)
          .map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
    expect([...seen]).to.include.members(successes);
  });
});
