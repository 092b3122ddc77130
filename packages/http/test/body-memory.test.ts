import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { createBodyMemory } from '../src/body-memory.ts';
import { expectProblem, startService, until, type Service } from './service.ts';
import { expectRawProblem, openSocket, parseAnswers, postHead, untilClosed } from './sockets.ts';

const good = { product_id: 'p1', price: 1 };

describe('createBodyMemory', () => {
  let nowMs: number;
  let refused: string[];
  beforeEach(() => {
    nowMs = 0;
    refused = [];
  });
  const fill = (maxBytes: number) => {
    const memory = createBodyMemory(maxBytes, () => nowMs);
    return (name: string) => memory.open(() => refused.push(name));
  };

  it('refuses the body that held the most for the longest', () => {
    const open = fill(10_000);
    const small = open('small and old');
    small.add(1000);
    const slow = open('large and slow');
    slow.add(4000);
    nowMs = 2000;
    const quick = open('large and quick');
    quick.add(5000);
    expect(refused).to.deep.equal([]);
    quick.add(1000);
    expect(refused).to.deep.equal(['large and slow']);
    // What goes on arriving of it counts no more.
    slow.add(9000);
    quick.add(3000);
    expect(refused).to.deep.equal(['large and slow']);
  });

  it('refuses the one that grows where it is the costliest itself', () => {
    const open = fill(10_000);
    open('other').add(1000);
    nowMs = 10;
    open('larger than all').add(20_000);
    expect(refused).to.deep.equal(['larger than all']);
  });

  it('takes back what is released, once', () => {
    const open = fill(10_000);
    for (let n = 0; n < 100; n += 1) {
      const body = open('released');
      body.add(6000);
      body.release();
      body.release();
    }
    open('one').add(5000);
    open('two').add(5000);
    expect(refused).to.deep.equal([]);
    open('three').add(512);
    expect(refused).to.have.length(1);
  });

  it('counts what a chunk costs beside its bytes', () => {
    const open = fill(10_000);
    const dribbling = open('dribbling');
    for (let n = 0; n < 20; n += 1) dribbling.add(1);
    expect(refused).to.deep.equal(['dribbling']);
  });
});

describe('bodies that are being received', () => {
  const MB = 1_000_000;

  /** Sends so much of a body that announces a byte more, and waits until it is read. */
  async function begin(service: Service, bytes: number): Promise<Socket> {
    const connection = once(service.server, 'connection') as Promise<[Socket]>;
    const socket = await openSocket(service.port);
    const [other] = await connection;
    const text = postHead(`Content-Length: ${bytes + 1}`) + ' '.repeat(bytes);
    socket.write(text);
    await until(() => other.bytesRead === text.length || other.destroyed);
    return socket;
  }
  const options = { bodyLimitBytes: 4 * MB, bodyMemoryBytes: 10 * MB };

  it('are bounded in all: 503 to who holds the most for the longest, and others are served', async () => {
    await using service = await startService({ options });
    const small = await begin(service, 1000);
    const texts: Promise<string>[] = [];
    for (let n = 0; n < 10; n += 1) texts.push(untilClosed(await begin(service, 2 * MB)));
    for (const text of texts.slice(0, 5)) {
      const [answer] = parseAnswers(await text);
      expectRawProblem(answer, 503);
      expect(answer?.headers['retry-after']).to.equal('1');
    }
    await service.agent.post('/events').send(good).expect(202);
    const large = Array.from({ length: 10_000 }, () => ({ ...good, occurred_at: '2026-11-01T00:00:00.000Z' }));
    expectProblem(await service.agent.post('/events').send(large), 413);
    const answer = once(small, 'data');
    small.write('1');
    expect(String(await answer)).to.match(/^HTTP\/1.1 400/);
    expect(service.seen.refused.filter(({ reason }) => reason === 'body_memory').length).to.be.within(5, 6);
  });

  it('count no more once they are parsed, cut or timed out', async () => {
    await using service = await startService({
      options,
      limits: { requestTimeoutMs: 300, headersTimeoutMs: 300, checkingIntervalMs: 20 },
    });
    for (const end of [
      (socket: Socket) => socket.end(' '),
      (socket: Socket) => socket.end(),
      (socket: Socket) => socket.destroy(),
      (socket: Socket) => socket.resetAndDestroy(),
      (socket: Socket) => socket.pause().resume(),
    ]) {
      for (let n = 0; n < 6; n += 1) {
        const socket = await begin(service, 3 * MB);
        const gone = untilClosed(socket);
        end(socket);
        await gone;
      }
    }
    expect(service.seen.refused.map(({ reason }) => reason)).not.to.include('body_memory');
  });
});
