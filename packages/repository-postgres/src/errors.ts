import { CodedError, codeOf, type ErrorCode, isNetworkError } from '@product-updates/errors';

/**
 * SQLSTATE classes and codes (PostgreSQL manual, appendix A), the longer one first. What only this statement can be
 * blamed for is `invalid`; what somebody must mend is `misconfigured`; what passes by itself is `unavailable`.
 */
const bySqlState: Readonly<Record<string, ErrorCode>> = {
  '08': 'unavailable', // connection exception
  '0A': 'unavailable', // "cached plan must not change result type": the connection is closed, the next one prepares anew
  '22': 'invalid', // data exception
  '23': 'invalid', // a constraint, also of a user's own
  '25': 'unavailable', // 25006, read-only: a standby, or an operator made it so; a transaction that was ended
  '26': 'misconfigured', // a prepared statement is gone: a pooler between us and the server
  '28': 'misconfigured', // password, pg_hba.conf
  '2F': 'invalid', // of a function in a user's trigger; so are 38 and 39
  '38': 'invalid',
  '39': 'invalid',
  '3D': 'misconfigured', // no such database
  '3F': 'misconfigured', // no such schema
  '40': 'unavailable', // rolled back: dead-lock, serialization
  '42': 'misconfigured', // no such table or column, no right
  '44': 'invalid', // with check option
  '53': 'unavailable', // disk or memory full, too many connections
  '54': 'invalid', // a limit of the program: a key too long for an index
  '55': 'unavailable', // lock not available, object in use, a standby
  '57': 'unavailable', // cancelled, shut down, crashed, starting up
  '57P04': 'misconfigured', // the database was dropped
  '58': 'unavailable', // I/O
  '72': 'unavailable', // snapshot too old
  HV: 'unavailable', // a foreign server behind a user's trigger
  P0: 'invalid', // raised by a user's trigger
  XX: 'unavailable', // the server's own fault or damage
};

/** How `pg` says that the server answered the request for TLS with no. */
const NO_TLS = /^The server does not support SSL/;

/** Errors of `pg` that carry no code, by how their messages begin. */
const byMessage: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^Connection terminated|^Client has encountered a connection error|^Client was closed/, 'unavailable'],
  [/^timeout e(?:xpired$|xceeded)/, 'unavailable'],
  // What answers TLS's first byte with neither yes nor no speaks another protocol, or is a proxy whose server is away.
  [/^There was an error establishing an SSL/, 'unavailable'],
  [NO_TLS, 'misconfigured'],
  [/^SASL: /, 'misconfigured'],
];

/**
 * SQLSTATEs after which nothing more is asked of the connection: it is ending, what it has prepared is of no use, or its
 * server or session takes no writes (25006), or is a standby (55000: "recovery is in progress").
 */
const ENDS_CONNECTION = /^(?:08|0A|25|26|28|3D|53|57P|58|XX)|^(?:42P05|55000)$/;

/** SQLSTATEs of a statement that was not run, since it writes or must not read what is old. */
const NOT_PRIMARY = /^(?:25006|55000)$/;

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

/** Whether a server answered that it takes no writes now: another one of the URL may. */
export function isNotPrimary(error: unknown): boolean {
  return NOT_PRIMARY.test(sqlStateOf(error) ?? '');
}

/** Whether a server answered that it does without TLS. */
export function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && NO_TLS.test(error.message);
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
  if (isNetworkError(error)) return 'unavailable';
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
