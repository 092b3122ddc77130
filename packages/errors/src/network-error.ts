/** System errors of a connection (errno of POSIX, getaddrinfo's EAI_*, c-ares' ENOTFOUND and the like). */
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  'EACCES',
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EAI_ADDRFAMILY',
  'EAI_AGAIN',
  'EAI_BADFLAGS',
  'EAI_FAIL',
  'EAI_FAMILY',
  'EAI_MEMORY',
  'EAI_NODATA',
  'EAI_NONAME',
  'EAI_SERVICE',
  'EAI_SOCKTYPE',
  'EAI_SYSTEM',
  'EAFNOSUPPORT',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EMFILE',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'ENFILE',
  'ENOBUFS',
  'ENOTCONN',
  'ENOTFOUND',
  'EPERM', // a firewall's rule
  'EPIPE',
  'EPROTO', // a TLS handshake with what does not speak TLS
  'ESERVFAIL',
  'ESHUTDOWN',
  'ETIMEDOUT',
  'ETIMEOUT',
]);

/** Node's errors of sockets and streams that are gone. */
const STREAM_CODES: ReadonlySet<string> = new Set([
  'ERR_SOCKET_CLOSED',
  'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
]);

/** TLS: Node's own codes, OpenSSL's of a handshake, and the names of X509_verify_cert's results. */
const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|PATH_LENGTH_EXCEEDED$|INVALID_CA$|INVALID_PURPOSE$|(?:HOSTNAME|IP_ADDRESS|EMAIL)_MISMATCH$)/;

/** Where the errno says nothing: the socket file of a server that is down is ENOENT, as a missing file is. */
const NETWORK_CALL = /^(?:connect|getaddrinfo|query[A-Z][A-Za-z]*)$/;

/**
 * Whether an error comes from the way to a server: a name that is not found, a refused, reset or unreachable connection,
 * TLS. Every client library passes such errors through as Node made them. They say nothing about the request: it can be
 * sent again.
 */
export function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  if (typeof syscall === 'string' && NETWORK_CALL.test(syscall)) return true;
  if (typeof code === 'string') return SYSTEM_CODES.has(code) || STREAM_CODES.has(code) || TLS_CODE.test(code);
  // Of several addresses that all failed. Node gives it the code of the first one, other libraries may not.
  return error instanceof AggregateError && error.errors.length > 0 && error.errors.every(isNetworkError);
}
