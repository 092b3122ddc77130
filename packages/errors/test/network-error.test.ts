import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { inspect } from 'node:util';
import { CodedError, isNetworkError } from '@product-updates/errors';
import { expect } from 'chai';

const withCode = (code: unknown): Error => Object.assign(new Error(`connect ${String(code)}`), { code });

const network = (
  'EACCES EAI_AGAIN ECONNREFUSED ECONNRESET EHOSTUNREACH ' +
  'EMFILE ENETUNREACH ENOTFOUND EPERM EPIPE ' +
  'EPROTO ETIMEDOUT ERR_SOCKET_CLOSED ERR_STREAM_DESTROYED ERR_TLS_CERT_ALTNAME_INVALID ' +
  'ERR_TLS_HANDSHAKE_TIMEOUT ERR_SSL_WRONG_VERSION_NUMBER ERR_SSL_TLSV1_ALERT_UNKNOWN_CA CERT_HAS_EXPIRED CRL_HAS_EXPIRED ' +
  'DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_VERIFY_LEAF_SIGNATURE HOSTNAME_MISMATCH INVALID_CA'
).split(' ');

function errorOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('error', resolve);
  });
}

describe('isNetworkError', () => {
  for (const code of network) {
    it(`takes ${code} for one`, () => expect(isNetworkError(withCode(code))).to.equal(true));
  }

  it('takes what Node itself throws for one', async () => {
    const refused = await errorOf(connect({ host: '127.0.0.1', port: 1 }));
    const unknown = await errorOf(connect({ host: 'nobody.invalid', port: 1 }));
    const missing = await errorOf(connect({ path: '/nowhere/.s.PGSQL.5432' }));
    const tls = await errorOf(connectTls({ host: '127.0.0.1', port: 1 }));
    for (const error of [refused, unknown, missing, tls]) expect(isNetworkError(error), String(error)).to.equal(true);
  });

  it('takes several addresses that all failed for one', () => {
    const one = withCode('ECONNREFUSED');
    expect(isNetworkError(new AggregateError([one, withCode('EHOSTUNREACH')], ''))).to.equal(true);
    expect(isNetworkError(new AggregateError([one, new Error('bug')], ''))).to.equal(false);
    expect(isNetworkError(new AggregateError([], ''))).to.equal(false);
  });

  it('takes nothing else for one: a missing file, an error of a server, a bug, one of ours', () => {
    const file = Object.assign(new Error('open x'), { code: 'ENOENT', syscall: 'open' });
    const others = [file, withCode('42P01'), withCode(7), new TypeError('x'), new CodedError('unavailable', 'x')];
    for (const other of [...others, 'ECONNREFUSED', { code: 'ECONNREFUSED' }, undefined]) {
      expect(isNetworkError(other), inspect(other)).to.equal(false);
    }
  });
});
