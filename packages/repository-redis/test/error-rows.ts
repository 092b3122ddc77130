import {
  ClientClosedError,
  ClientOfflineError,
  ConnectionTimeoutError,
  DisconnectsClientError,
  SimpleError,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
  TimeoutError,
} from '@redis/client';
import type { ErrorTable } from '@product-updates/repository/contract';

type Row = ErrorTable['rows'][number];

const replies: readonly (readonly [string, Row['code']])[] = [
  ['LOADING Redis is loading the dataset in memory', 'unavailable'],
  ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'unavailable'],
  ['UNKILLABLE Sorry the script already executed write commands', 'unavailable'],
  ['CLUSTERDOWN The cluster is down', 'unavailable'],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'unavailable'],
  ['MOVED 3999 127.0.0.1:6381', 'unavailable'],
  ['ASK 3999 127.0.0.1:6381', 'unavailable'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'unavailable'],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'unavailable'],
  ['NOREPLICAS Not enough good replicas to write.', 'unavailable'],
  ["READONLY You can't write against a read only replica.", 'unavailable'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'unavailable'],
  ['NOSCRIPT No matching script.', 'unavailable'],
  ['ERR max number of clients reached', 'unavailable'],
  ['DAMAGED product-updates:product:p1 has a price that is no number', 'invalid'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'misconfigured'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'misconfigured'],
  ['NOAUTH Authentication required.', 'misconfigured'],
  ["NOPERM User u has no permissions to run the 'evalsha' command", 'misconfigured'],
  ['NOPROTO unsupported protocol version', 'misconfigured'],
  ['DENIED Redis is running in protected mode because protected mode is enabled', 'misconfigured'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'misconfigured'],
  ["ERR unknown command 'EVALSHA'", 'misconfigured'],
  ["ERR The user executing the script can't run this command or subcommand", 'misconfigured'],
  ['ERR DB index is out of range', 'misconfigured'],
  ['ERR invalid DB index', 'misconfigured'],
  ['ERR AUTH <password> called without any password configured for the default user.', 'misconfigured'],
  ['ERR This instance has cluster support disabled', 'misconfigured'],
];

const clientErrors: readonly Error[] = [
  new ClientClosedError(),
  new ClientOfflineError(),
  new ConnectionTimeoutError(),
  new DisconnectsClientError(),
  new SocketClosedUnexpectedlyError(),
  new SocketTimeoutError(5000),
  new TimeoutError('late'),
  new Error('The queue is full'),
];

const systemCodes: readonly (readonly [string, Row['code']])[] = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'].map(
    (code) => [code, 'unavailable'] as const,
  ),
  ...['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EMFILE', 'EPERM', 'ERR_STREAM_WRITE_AFTER_END'].map(
    (code) => [code, 'unavailable'] as const,
  ),
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].map(
    (code) => [code, 'misconfigured'] as const,
  ),
  ...['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_SSL_WRONG_VERSION_NUMBER', 'EPROTO'].map(
    (code) => [code, 'misconfigured'] as const,
  ),
];

/** Every kind of error that Redis, the client, Node's sockets and TLS have for us. */
export const errorRows: readonly Row[] = [
  ...replies.map(([message, code]) => ({ name: message, native: new SimpleError(message), code })),
  ...clientErrors.map((native) => ({ name: native.message, native, code: 'unavailable' as const })),
  ...systemCodes.map(([name, code]) => ({
    name,
    native: Object.assign(new Error(name), { code: name }),
    code,
  })),
];
