import { expect } from 'chai';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createTcpProxy, networkFaults, type TcpProxy } from '@product-updates/queue/contract';

/** A server that answers what it hears, through a proxy. */
describe('createTcpProxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  let heard: string;
  const clients: Socket[] = [];

  beforeEach(async () => {
    heard = '';
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
        socket.write(chunk);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await createTcpProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy[Symbol.asyncDispose]();
    server.close();
  });

  async function open(): Promise<Socket> {
    const client = connect(proxy.port, '127.0.0.1');
    clients.push(client);
    await once(client, 'connect');
    client.on('error', () => {});
    return client;
  }
  async function echo(client: Socket, text: string): Promise<string> {
    client.write(text);
    let answer = '';
    while (answer.length < text.length) answer += String((await once(client, 'data'))[0]);
    return answer;
  }
  /** Until a connection made after the fault works: what an older one sent has been dealt with by then. */
  async function afterHealing(): Promise<Socket> {
    await proxy.heal();
    const client = await open();
    expect(await echo(client, '!')).to.equal('!');
    return client;
  }

  it('passes bytes both ways, and more than a buffer holds', async () => {
    const large = 'x'.repeat(1_000_000);
    expect(await echo(await open(), large)).to.equal(large);
  });

  it('passes the end of a connection on', async () => {
    const client = await open();
    await echo(client, 'a');
    client.end();
    await closeOf(client);
  });

  for (const fault of networkFaults) {
    it(`works again after ${fault}`, async () => {
      const before = await open();
      await echo(before, 'a');
      await proxy.cause(fault);
      await afterHealing();
    });
  }

  it('refused: resets what is open and refuses what is new', async () => {
    const client = await open();
    const closed = closeOf(client);
    await proxy.cause('refused');
    await proxy.cause('refused');
    await closed;
    const error = await open().catch((refusal: unknown) => refusal);
    expect(error).to.have.property('code', 'ECONNREFUSED');
    await proxy.cause('delayed');
    expect(await echo(await open(), 'b')).to.equal('b');
  });

  for (const fault of ['black hole', 'requests lost'] as const) {
    it(`${fault}: nothing arrives, and the connection is reset at the end`, async () => {
      const client = await open();
      await echo(client, 'a');
      await proxy.cause(fault);
      client.write('lost');
      const closed = closeOf(client);
      await afterHealing();
      await closed;
      expect(heard).to.equal('a!');
    });
  }

  for (const fault of ['answers lost', 'half closed'] as const) {
    it(`${fault}: requests arrive, answers do not`, async () => {
      const client = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
      clients.push(client);
      client.on('error', () => {});
      let answered = '';
      client.on('data', (chunk: Buffer) => (answered += chunk.toString()));
      await once(client, 'connect');
      const ended = fault === 'half closed' ? once(client, 'end') : undefined;
      await proxy.cause(fault);
      client.write('told');
      while (heard !== 'told') await new Promise(setImmediate);
      await ended;
      await afterHealing();
      expect(answered).to.equal('');
    });
  }

  it('reset mid-frame: an answer is cut', async () => {
    const client = await open();
    await proxy.cause('reset mid-frame');
    let answered = '';
    client.on('data', (chunk: Buffer) => (answered += chunk.toString()));
    client.write('a long answer');
    await closeOf(client);
    expect('a l').to.include(answered);
    expect(heard).to.equal('a long answer');
  });

  it('stalled: what is sent arrives late, though its sender has hung up; new connections work', async () => {
    const client = await open();
    await echo(client, 'a');
    await proxy.cause('stalled');
    client.write('late');
    client.destroy();
    expect(await echo(await open(), 'new')).to.equal('new');
    expect(heard).to.equal('anew');
    await proxy.heal();
    while (heard !== 'anewlate') await new Promise(setImmediate);
  });

  for (const fault of ['delayed', 'split'] as const) {
    it(`${fault}: everything arrives, in order`, async () => {
      await proxy.cause(fault);
      expect(await echo(await open(), 'in this order')).to.equal('in this order');
    });
  }

  it('hangs up when the server cannot be reached', async () => {
    const gone = await createTcpProxy({ host: '127.0.0.1', port: 1 });
    const client = connect(gone.port, '127.0.0.1');
    client.on('error', () => {});
    await closeOf(client);
    await gone[Symbol.asyncDispose]();
  });
});

/** Resolves also when the close was preceded by an error, which `once` would reject with. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}
