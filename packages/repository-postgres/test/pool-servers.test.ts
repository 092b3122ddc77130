import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { serverError } from './native-errors.ts';
import { endpoint, expectCode, noTls, refused, setUp } from './pool-set-up.ts';

describe('the servers of a pool', () => {
  it('goes on to the next server where one cannot be reached or takes no writes, and stays there', async () => {
    const { clients, ask } = setUp({ max: 1, at: [endpoint('one'), endpoint('two'), endpoint('three')] });
    const write = await ask('write');
    clients[0]!.connected(refused);
    clients[1]!.connected();
    clients[1]!.fail(serverError('25006'));
    clients[2]!.connected();
    clients[2]!.answer();
    await turn();
    expect(write.rows).to.deep.equal([]);
    expect(clients.map((client) => client.endpoint.host)).to.deep.equal(['one', 'two', 'three']);
    const next = await ask('write');
    clients[2]!.fail(serverError('57P01'));
    await turn();
    expectCode(next, 'unavailable');
    await ask('write');
    expect(clients[3]!.endpoint.host, 'a session that ended says nothing of its server').to.equal('three');
  });

  it('gives up when no server of the list is the right one', async () => {
    const { clients, ask } = setUp({ max: 1, at: [endpoint('one'), endpoint('two')] });
    const write = await ask('write');
    for (let i = 0; i < clients.length; i++) {
      clients[i]!.connected();
      clients[i]!.fail(serverError('25006'));
    }
    await turn();
    expectCode(write, 'unavailable');
    expect(clients.length).to.be.at.most(3);
  });

  it('goes without TLS only where the server answered that it has none', async () => {
    const tls = { rejectUnauthorized: false };
    const at = [endpoint('db', { ssl: tls }), endpoint('db', { onlyWithoutTls: true })] as const;
    const { clients, ask } = setUp({ max: 1, at: [...at] });
    const away = await ask('read');
    clients[0]!.connected(refused);
    await turn();
    expectCode(away, 'unavailable');
    const there = await ask('read');
    clients[1]!.connected(noTls);
    clients[2]!.connected();
    clients[2]!.answer();
    await turn();
    expect(there.rows).to.deep.equal([]);
    expect(clients.map((client) => client.endpoint.ssl)).to.deep.equal([tls, tls, false]);
    const readOnly = await ask('write');
    clients[2]!.fail(serverError('25006'));
    await turn();
    expectCode(readOnly, 'unavailable');
    const lost = await ask('read');
    expect(clients[3]!.endpoint.ssl, 'the same server').to.equal(false);
    clients[3]!.connected(refused);
    clients[4]!.connected(noTls);
    clients[5]!.connected();
    clients[5]!.answer();
    await turn();
    expect(lost.rows, 'with TLS first, after it was away').to.deep.equal([]);
  });
});
