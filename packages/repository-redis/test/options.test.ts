import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { readRedisUrl } from '../src/options.ts';

describe('the URL', () => {
  const read = (text: string): ReturnType<typeof readRedisUrl> => readRedisUrl(new URL(text));

  it('has defaults', () => {
    expect(read('redis://localhost')).to.deep.equal({
      servers: [{ host: 'localhost', port: 6379 }],
      username: undefined,
      password: undefined,
      database: 0,
      tls: undefined,
      cluster: false,
      prefix: 'product-updates:',
      timeoutMs: 5000,
      durability: undefined,
    });
  });

  it('says server, user, password, database, prefix, time-out and durability', () => {
    const options = read('redis://u%40x:p%2Fw@[::1]:7000/3?prefix=shop:{a}:&timeoutMs=250&durability=disk');
    expect(options).to.include({ username: 'u@x', password: 'p/w', database: 3, prefix: 'shop:{a}:' });
    expect(options).to.include({ timeoutMs: 250, durability: 'disk', cluster: false });
    expect(options.servers).to.deep.equal([{ host: '::1', port: 7000 }]);
  });

  it('says the servers of a cluster', () => {
    expect(read('rediss://a:1?cluster=true&nodes=b:2,[::1]:3,c')).to.deep.include({
      cluster: true,
      tls: {},
      servers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
        { host: '::1', port: 3 },
        { host: 'c', port: 6379 },
      ],
    });
  });

  for (const [text, says] of [
    ['redis://h?prefx=a', /unknown option "prefx"; known: prefix, timeoutMs, cluster, nodes, durability, tlsCa/],
    ['redis://h?timeoutMs=0', /"timeoutMs" is a whole number from 50/],
    ['redis://h?cluster=yes', /"cluster" is one of true, false/],
    ['redis://h?durability=replicated', /"durability" is one of auto, process, disk/],
    ['redis://h?prefix={}a', /"prefix"/],
    [`redis://h?prefix=${'a'.repeat(201)}`, /"prefix"/],
    ['redis://h/a', /number of a database/],
    ['redis://h/12345', /number of a database/],
    ['redis://h/1?cluster=true', /no databases other than 0/],
    ['redis://h?nodes=a:1', /needs? ?.*cluster/],
    ['redis://h?cluster=true&nodes=a:x', /"nodes" is a list/],
    ['redis://h?cluster=true&nodes=u:p%40a:1', /"nodes" is a list/],
    ['redis://h?cluster=true&nodes=u:open-sesame@a:1', /an @ stands behind the host/],
    ['redis://shop:12#open-sesame@h', /an @ stands behind the host: percent-encode/],
    ['redis://shop:12/open-sesame@h', /an @ stands behind the host: percent-encode/],
    ['redis:shop:open-sesame@h', /number of a database/],
    ['redis://h#a', /nothing may follow/],
    ['redis:///0', /a host is missing/],
    ['redis://u:open-sesame%@h', /percent-encoded/],
    ['redis://u:open-sesame@h?tlsCa=/x', /need rediss/],
    ['rediss://u:open-sesame@h?tlsCert=/x', /"tlsCert" and "tlsKey" go together/],
    ['rediss://u:open-sesame@h?tlsCa=/there-is-no-such-file', /"tlsCa" cannot be read \(ENOENT\)/],
  ] as const) {
    it(`refuses ${text}`, () => {
      try {
        read(text);
        expect.fail('it was accepted');
      } catch (error) {
        expect(codeOf(error), String(error)).to.equal('misconfigured');
        expect((error as Error).message)
          .to.match(says)
          .and.not.to.include('open-sesame');
      }
    });
  }
});
