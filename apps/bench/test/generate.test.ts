import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect } from 'chai';
import { generate } from '../src/load/generate.ts';
import type { LoadJob, LoadResult } from '../src/load/job.ts';

async function loadOn(listener: RequestListener, job: Partial<LoadJob>): Promise<LoadResult> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const usual = { connections: 4, addresses: 1, warmupMs: 10, durationMs: 50, tolerated: [], reconnect: false };
    return await generate({ case: 'get', ...usual, ...job, port }, () => undefined);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function failureOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'it did not fail',
    (error: unknown) => String(error),
  );
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 2 }).end('ok');
}

describe('generate', () => {
  it('counts answers and their latencies by status', async () => {
    let asked = 0;
    const result = await loadOn((_, response) => answer(response, asked++ % 2 === 0 ? 200 : 503), { tolerated: [503] });
    expect(Object.keys(result.statuses)).to.deep.equal(['200', '503']);
    expect(result.requests).to.equal((result.statuses['200']?.count ?? 0) + (result.statuses['503']?.count ?? 0));
    expect(result.statuses['200']?.p99Ms).to.be.greaterThan(0);
    expect(result.reconnects).to.equal(0);
  });

  it('waits after a refusal as long as it is told to', async () => {
    const askedBy = new Map<Socket, number>();
    const refuse: RequestListener = ({ socket }, response) => {
      askedBy.set(socket, (askedBy.get(socket) ?? 0) + 1);
      answer(response, 503);
    };
    const job = { tolerated: [503], pauseMs: 10_000, warmupMs: 0, connections: 3 };
    expect((await loadOn(refuse, job)).requests).to.be.within(1, 3);
    expect([...askedBy.values()]).to.not.include(2);
  });

  it('fails on a status that is not expected', async () => {
    const run = loadOn((_, response) => answer(response, 503), {});
    expect(await failureOf(run)).to.contain('"get" got the status 503');
  });

  it('fails when the server hangs up', async () => {
    expect(await failureOf(loadOn((request) => request.socket.destroy(), {}))).to.match(/closed|ECONNRESET/);
  });

  it('fails on an answer it cannot read', async () => {
    const run = loadOn((_, response) => response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end('ok'), {});
    expect(await failureOf(run)).to.contain('without Content-Length');
  });

  it('comes back when it is told to', async () => {
    let hangUpAt = performance.now() + 50;
    const result = await loadOn(
      (request, response) => {
        if (performance.now() < hangUpAt) {
          answer(response, 200);
        } else {
          hangUpAt = Infinity;
          request.socket.destroy();
        }
      },
      { reconnect: true, connections: 1, warmupMs: 0, durationMs: 200 },
    );
    expect(result.reconnects).to.equal(1);
    expect(result.requests).to.be.greaterThan(0);
  });
});
