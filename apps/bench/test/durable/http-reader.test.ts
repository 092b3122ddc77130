import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpReader, type HttpReader } from '../../src/durable/http-reader.ts';

async function withReader(answer: RequestListener, use: (reader: HttpReader) => Promise<void>): Promise<number> {
  let connections = 0;
  const server = createServer(answer).on('connection', () => (connections += 1));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const reader = createHttpReader((server.address() as AddressInfo).port);
  try {
    await use(reader);
  } finally {
    reader[Symbol.dispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  return connections;
}

const refusalOf = (read: Promise<void>): Promise<unknown> => read.then(String, (error: unknown) => String(error));

describe('createHttpReader', () => {
  it('reads one after the other over one connection, and at once over several', async () => {
    const paths = new Set<string | undefined>();
    const connections = await withReader(
      (request, response) => {
        paths.add(request.url);
        response.setHeader('content-length', 2).end('{}');
      },
      async (reader) => {
        for (const path of ['/a', '/b']) await reader.read(path);
        await Promise.all(['/c', '/d', '/e'].map((path) => reader.read(path)));
      },
    );
    expect(paths).to.have.all.keys('/a', '/b', '/c', '/d', '/e');
    expect(connections).to.equal(3);
  });

  it('rejects what is not the product', () =>
    withReader(
      (_, response) => response.writeHead(503, { 'content-length': 0 }).end(),
      async (reader) => {
        expect(await refusalOf(reader.read('/a'))).to.match(/GET \/a got the status 503/);
      },
    ));

  it('rejects where it cannot read the answer, and where the connection is lost', () =>
    withReader(
      (request, response) => {
        if (request.url === '/garbage') request.socket.end('HTTP/1.1 99 no\r\n\r\n');
        else response.destroy();
      },
      async (reader) => {
        expect(await refusalOf(reader.read('/garbage'))).to.match(/not an answer/);
        expect(await refusalOf(reader.read('/lost'))).to.match(/closed the connection|ECONNRESET/);
      },
    ));
});
