import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { answeringServices, liveService } from '../src/live-service.ts';
import { freePort } from '../src/own-server.ts';

describe('liveService', () => {
  const { SERVICES, REDIS_URL } = process.env;
  afterEach(() => {
    for (const [name, value] of Object.entries({ SERVICES, REDIS_URL })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it('is where the variable says, when something answers there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.env['REDIS_URL'] = `redis://:secret@127.0.0.1:${(server.address() as AddressInfo).port}/3`;
    expect(await liveService('redis')).to.deep.equal({ url: new URL(process.env['REDIS_URL']) });
    expect(await answeringServices()).to.include('redis');
    server.close();
    await once(server, 'close');
    expect(await answeringServices()).to.not.include('redis');
  });

  it('says what is missing and how to start it, without a secret and without brackets', async () => {
    delete process.env['SERVICES'];
    const port = await freePort();
    process.env['REDIS_URL'] = `redis://:secret@127.0.0.1:${port}`;
    const live = await liveService('redis');
    expect('missing' in live ? live.missing : '').to.equal(
      `no redis on 127.0.0.1:${port}: start one with packages/tooling/services/services up redis, or set REDIS_URL`,
    );
  });

  it('is an error where services are required', async () => {
    process.env['SERVICES'] = 'required';
    process.env['REDIS_URL'] = `redis://127.0.0.1:${await freePort()}`;
    const error = await liveService('redis').catch((failure: unknown) => String(failure));
    expect(error).to.match(/SERVICES=required, and there is no redis/);
  });
});
