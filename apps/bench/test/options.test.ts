import { expect } from 'chai';
import { readOptions } from '../src/options.ts';

describe('readOptions', () => {
  it('runs the usual parts with nothing given', () => {
    const { parts, rounds, quick } = readOptions([]);
    expect(parts).to.deep.equal(['http', 'channel', 'pool', 'domain', 'pipeline', 'start']);
    expect({ rounds, quick }).to.deep.equal({ rounds: 5, quick: false });
  });

  it('runs what is asked for', () => {
    expect(readOptions(['--only', 'pool,http']).parts).to.deep.equal(['http', 'pool']);
    expect(readOptions(['--soak', '3'])).to.deep.include({ parts: ['soak'], soakMinutes: 3 });
    expect(readOptions(['--slow-sockets', '50', '--overload'])).to.deep.include({
      parts: ['overload', 'slow-sockets'],
      slowSockets: 50,
    });
    const durable = ['durable-http', 'lmdb', 'postgres', 'redis', 'hot-backlog', 'read-under-load'];
    expect(readOptions(['--durable']).parts).to.deep.equal(durable);
  });

  it('refuses what it does not know, and names what it does', () => {
    expect(() => readOptions(['--only', 'htp'])).to.throw(/"htp" is none of http, channel/);
    expect(() => readOptions(['--rounds', 'many'])).to.throw('--rounds is a number above 0');
    expect(() => readOptions(['--soak', '0'])).to.throw('--soak is a number above 0');
    expect(() => readOptions(['--fast'])).to.throw('--fast');
  });

  it('takes other servers of this machine to measure beside ours, and none of any other', () => {
    expect(readOptions(['--against', 'http://127.0.0.1:9000', '--against', './seed']).against).to.deep.equal([
      'http://127.0.0.1:9000',
      './seed',
    ]);
    for (const url of ['http://10.0.0.1:80', 'https://127.0.0.1:1', 'http://example.com', 'http://127.0.0.1:1/a']) {
      expect(() => readOptions(['--against', url]), url).to.throw('is not http://127.0.0.1:PORT');
    }
  });
});
