import { expect } from 'chai';
import { startedUrl } from '../../src/durable/servers.ts';

describe('startedUrl', () => {
  it('says how to start a server that is not there', async () => {
    const error = await startedUrl('redis', new URL('redis://127.0.0.1:1')).catch((reason: unknown) => reason);
    expect(error)
      .to.have.property('message')
      .that.contains('no redis on 127.0.0.1:1')
      .and.contains('services up redis')
      .and.contains('REDIS_URL');
  });
});
