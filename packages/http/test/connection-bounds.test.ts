import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { startService, type Service } from './service.ts';
import { head, openSocket, untilClosed } from './sockets.ts';

describe('connections', () => {
  const openMany = (port: number, count: number): Promise<Socket[]> =>
    Promise.all(Array.from({ length: count }, () => openSocket(port)));
  const connected = async (service: Service, count: number): Promise<void> => {
    for (let open = -1; open !== count;) {
      open = await new Promise<number>((resolve) => {
        service.server.getConnections((_error, number) => resolve(number));
      });
      await new Promise(setImmediate);
    }
  };

  it('that send nothing do not keep others out, and are let go', async () => {
    await using service = await startService({
      limits: { headersTimeoutMs: 300, requestTimeoutMs: 300, checkingIntervalMs: 50 },
    });
    const gone: Promise<string>[] = [];
    for (let i = 0; i < 500; i += 1) gone.push(untilClosed(await openSocket(service.port)));
    await service.agent.get('/livez').expect(200);
    for (const text of await Promise.all(gone)) expect(text).to.match(/^HTTP\/1.1 408 /);
    await connected(service, 0);
  });

  it('are bounded per address: the oldest that never asked makes room', async () => {
    await using service = await startService({ limits: { maxConnectionsPerAddress: 3 } });
    const silent = await openMany(service.port, 3);
    const gone = untilClosed(silent[0] as Socket);
    await service.agent.get('/livez').expect(200);
    expect(
      await Promise.race([gone, ...silent.slice(1).map((socket) => untilClosed(socket).then(() => 'another'))]),
    ).to.equal('');
    for (const socket of silent) socket.destroy();
  });

  it('are bounded in all, whatever the address', async () => {
    await using service = await startService({ limits: { maxConnections: 3, maxConnectionsPerAddress: 0 } });
    const silent = await openMany(service.port, 20);
    await connected(service, 3);
    await service.agent.get('/livez').expect(200);
    for (const socket of silent) socket.destroy();
  });

  it('beyond the bound are cut where all others were answered', async () => {
    await using service = await startService({ limits: { maxConnectionsPerAddress: 2 } });
    const used = await openMany(service.port, 2);
    for (const socket of used) {
      socket.write(head('GET', '/livez'));
      await once(socket, 'data');
    }
    expect(await untilClosed(await openSocket(service.port))).to.equal('');
    for (const socket of used) {
      const answer = once(socket, 'data');
      socket.write(head('GET', '/livez'));
      expect(String(await answer)).to.match(/^HTTP\/1.1 200/);
      socket.destroy();
    }
  });
});
