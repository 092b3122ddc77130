import { MAX_PRODUCT_ID_LENGTH } from '@product-updates/domain';

/** Most ids that one `GET /products` may ask for. */
export const MAX_IDS = 100;
/** Percent-encoded, a character has up to four bytes of three letters each. */
const BYTES_OF_CHARACTER = 12;
/** How many header fields a request may have. */
export const HEADERS_MAX = 1000;

/** What a client may cost before it has asked anything. Times in milliseconds. */
export interface HttpLimits {
  /** Until the headers are there, counted from the connection or the end of the request before. */
  readonly headersTimeoutMs: number;
  /** Until the whole request is there; at least `headersTimeoutMs`. */
  readonly requestTimeoutMs: number;
  /** How long a connection may rest between requests. */
  readonly keepAliveTimeoutMs: number;
  /** How long nothing at all may move on a connection, also while an answer waits to be read. */
  readonly idleTimeoutMs: number;
  /** How often the first two are looked at. */
  readonly checkingIntervalMs: number;
  /** Of the path and the header fields; the query comes on top of it. */
  readonly maxHeaderBytes: number;
  /** Of the query. */
  readonly maxQueryBytes: number;
  /** Bytes of all heads together that have not arrived whole. */
  readonly maxUnfinishedHeadBytes: number;
  readonly maxConnections: number;
  /** 0: no bound of its own, for behind a proxy, where all come from one address. */
  readonly maxConnectionsPerAddress: number;
  /** Bytes of all answers together that clients have not read. */
  readonly maxUnreadBytes: number;
  /** Pipelined requests of all connections together that wait for the answers before theirs. */
  readonly maxPipelined: number;
  /** How long a connection must be silent to be closed as idle when the server closes; as long it goes on listening. */
  readonly closingQuietMs: number;
}

export const defaultHttpLimits: HttpLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  checkingIntervalMs: 1000,
  maxHeaderBytes: 16_384,
  maxQueryBytes: MAX_IDS * (MAX_PRODUCT_ID_LENGTH * BYTES_OF_CHARACTER + '&id='.length),
  maxUnfinishedHeadBytes: 33_554_432,
  maxConnections: 8192,
  maxConnectionsPerAddress: 2048,
  maxUnreadBytes: 67_108_864,
  maxPipelined: 10_000,
  closingQuietMs: 500,
};
