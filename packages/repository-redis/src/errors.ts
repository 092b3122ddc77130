import {
  ClientClosedError,
  ClientOfflineError,
  ConnectionTimeoutError,
  DisconnectsClientError,
  ErrorReply,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
  TimeoutError,
} from '@redis/client';
import { CodedError, codeOf, describe, type ErrorCode, isNetworkError } from '@product-updates/errors';

/**
 * The first word of an error that Redis answers (protocol specification, "Simple errors"). Ours is DAMAGED: the hash of
 * one product is not what we wrote, so that its update can never be merged, while all others can. A wrong type anywhere
 * else means that another program uses our prefix: to hold is right there, for a catalogue of dead letters helps nobody.
 */
const replies: Readonly<Record<string, ErrorCode>> = {
  LOADING: 'unavailable',
  BUSY: 'unavailable',
  UNKILLABLE: 'unavailable',
  CLUSTERDOWN: 'unavailable',
  TRYAGAIN: 'unavailable',
  MOVED: 'unavailable',
  ASK: 'unavailable',
  OOM: 'unavailable',
  MISCONF: 'unavailable',
  NOREPLICAS: 'unavailable',
  READONLY: 'unavailable',
  MASTERDOWN: 'unavailable',
  NOSCRIPT: 'unavailable',
  DAMAGED: 'invalid',
  WRONGTYPE: 'misconfigured',
  WRONGPASS: 'misconfigured',
  NOAUTH: 'misconfigured',
  NOPERM: 'misconfigured',
  NOPROTO: 'misconfigured',
  DENIED: 'misconfigured',
  CROSSSLOT: 'misconfigured',
};

/** What Redis says behind a mere ERR. */
const generalReplies: readonly (readonly [RegExp, ErrorCode])[] = [
  [/max number of clients|max clients/i, 'unavailable'],
  [/unknown (sub)?command/i, 'misconfigured'],
  // NOPERM, when it is the script that may not.
  [/user executing the script/i, 'misconfigured'],
  [/DB index|invalid DB/i, 'misconfigured'],
  [/AUTH/, 'misconfigured'],
  [/cluster support disabled/i, 'misconfigured'],
];

/** What the client says of its connection. */
const clientErrors = [
  ClientClosedError,
  ClientOfflineError,
  ConnectionTimeoutError,
  DisconnectsClientError,
  SocketClosedUnexpectedlyError,
  SocketTimeoutError,
  TimeoutError,
] as const;
/** It has no class of its own for this one: `commandsQueueMaxLength` is reached. */
const QUEUE_IS_FULL = 'The queue is full';

/** Codes of OpenSSL for what trying again does not mend: asked before the network's. */
const certificate =
  /^(CERT_\w+|\w+_CERT(_\w+)?|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|ERR_OSSL_\w+|EPROTO|HOSTNAME_MISMATCH)$/;

/**
 * Our error for one of the client's, which becomes its cause. What already has a code comes back as it is, and so does
 * what is in no table: that is a bug.
 */
export function translate(native: unknown): unknown {
  if (!(native instanceof Error) || codeOf(native) !== undefined) return native;
  const code = codeFor(native);
  return code === undefined ? native : new CodedError(code, `Redis: ${describe(native)}`, { cause: native });
}

/** What ended a connection, as our error: what is in no table is `unavailable`, for the next connection may do better. */
export function translateLoss(native: unknown): CodedError {
  const error = translate(native);
  if (codeOf(error) !== undefined) return error as CodedError;
  return new CodedError('unavailable', `Redis: ${describe(error)}`, { cause: error });
}

/** Whether the client says no more than that the connection is gone, whatever it was that ended it. */
export function isConnectionGone(error: unknown): boolean {
  return clientErrors.some((known) => error instanceof known);
}

/** Whether the server takes no writes because it follows another one: after a failover the name may lead to its successor. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof ErrorReply && firstWord(error.message) === 'READONLY';
}

function codeFor(error: Error): ErrorCode | undefined {
  if (error instanceof ErrorReply) return codeOfReply(error.message);
  if (isConnectionGone(error) || error.message === QUEUE_IS_FULL) return 'unavailable';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && certificate.test(code)) return 'misconfigured';
  return isNetworkError(error) ? 'unavailable' : undefined;
}

function codeOfReply(message: string): ErrorCode | undefined {
  const word = firstWord(message);
  if (Object.hasOwn(replies, word)) return replies[word];
  return generalReplies.find(([pattern]) => pattern.test(message))?.[1];
}

function firstWord(message: string): string {
  return message.split(' ', 1)[0] ?? '';
}
