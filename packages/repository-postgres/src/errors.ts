import { CodedError, codeOf, type ErrorCode } from '@product-updates/errors';

/**
 * SQLSTATE classes and codes (PostgreSQL manual, appendix A), the longer one first. What only this statement can be
 * blamed for is `invalid`; what somebody must mend is `misconfigured`; what passes by itself is `unavailable`.
 */
const bySqlState: Readonly<Record<string, ErrorCode>> = {
  '08': 'unavailable', // connection exception
  '0A': 'unavailable', // "cached plan must not change result type": the connection is closed, the next one prepares anew
  '22': 'invalid', // data exception
  '23': 'invalid', // a constraint, also of a user's own
  '25006': 'unavailable', // read-only: a standby, or an operator made it so
  '26': 'misconfigured', // a prepared statement is gone: a pooler between us and the server
  '28': 'misconfigured', // password, pg_hba.conf
  '3D': 'misconfigured', // no such database
  '3F': 'misconfigured', // no such schema
  '40': 'unavailable', // rolled back: dead-lock, serialization
  '42': 'misconfigured', // no such table or column, no right
  '44': 'invalid', // with check option
  '53': 'unavailable', // disk or memory full, too many connections
  '54': 'invalid', // a limit of the program: a key too long for an index
  '55': 'unavailable', // lock not available, object in use
  '57': 'unavailable', // cancelled, shut down, crashed, starting up
  '57P04': 'misconfigured', // the database was dropped
  '58': 'unavailable', // I/O
  P0: 'invalid', // raised by a user's trigger
  XX: 'unavailable', // the server's own fault or damage
};

/** Of Node and of its TLS. */
const byNetworkCode: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'misconfigured',
  EADDRNOTAVAIL: 'unavailable',
  EAI_AGAIN: 'unavailable',
  ECONNABORTED: 'unavailable',
  ECONNREFUSED: 'unavailable',
  ECONNRESET: 'unavailable',
  EHOSTDOWN: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  EMFILE: 'unavailable',
  ENETDOWN: 'unavailable',
  ENETUNREACH: 'unavailable',
  ENOENT: 'unavailable', // the socket of a server that is down
  ENOTFOUND: 'unavailable', // the name of a server that has not been given one yet
  EPIPE: 'unavailable',
  ETIMEDOUT: 'unavailable',
};

/** Errors of `pg` that carry no code, by how their messages begin. */
const byMessage: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^Connection terminated|^Client has encountered a connection error|^Client was closed/, 'unavailable'],
  [/^The server does not support SSL|^There was an error establishing an SSL/, 'misconfigured'],
  [/^SASL: /, 'misconfigured'],
];

/** Node's and OpenSSL's names for a certificate that is not trusted, and a handshake that failed. */
const TLS_FAULT = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

/** SQLSTATEs after which nothing more is asked of the connection: it is ending, or what it has prepared is of no use. */
const ENDS_CONNECTION = /^(?:08|0A|26|28|3D|53|57P|58|XX)|^42P05$/;

/**
 * A native error as one of ours, with it as the cause; an error that is ours already, and a bug, as it is. The message
 * of a server names tables and constraints, never a password.
 */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || codeOf(error) !== undefined) return error;
  const code = ourCodeOf(error);
  return code === undefined ? error : new CodedError(code, messageOf(error), { cause: error });
}

/** Whether the connection that answered this error can be used for the next call. */
export function leavesConnectionUsable(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && !ENDS_CONNECTION.test(state);
}

/** The five characters of an error that the server itself answered. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && severity !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

function ourCodeOf(error: Error): ErrorCode | undefined {
  const state = sqlStateOf(error);
  if (state === '08P01' && /startup parameter/.test(error.message)) return 'misconfigured'; // PgBouncer's refusal
  if (state !== undefined) return bySqlState[state] ?? bySqlState[state.slice(0, 2)];
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (Object.hasOwn(byNetworkCode, code)) return byNetworkCode[code];
    if (TLS_FAULT.test(code)) return 'misconfigured';
  }
  return byMessage.find(([begins]) => begins.test(error.message))?.[1];
}

function messageOf(error: Error): string {
  const state = sqlStateOf(error);
  // Of several addresses that all failed, Node says nothing but the code.
  const said = error.message === '' ? String((error as { code?: unknown }).code) : error.message;
  const hint =
    state?.startsWith('26') === true || state === '42P05' || state === '08P01'
      ? '; behind a pooler in transaction mode the URL needs pooler=transaction'
      : '';
  return `PostgreSQL: ${said}${state === undefined ? '' : ` (${state})`}${hint}`;
}
