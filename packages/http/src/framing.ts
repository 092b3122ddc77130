import type { IncomingMessage } from 'node:http';
import { HEADERS_MAX } from './limits.ts';
import { headersTooLarge, type Problem } from './problem.ts';

const otherVersion: Problem = {
  status: 505,
  detail: 'This server speaks HTTP/1.1 and HTTP/1.0',
  reason: 'malformed',
  close: true,
};
const chunksInHttp10: Problem = {
  status: 400,
  detail: 'HTTP/1.0 has no Transfer-Encoding: the body needs a Content-Length',
  reason: 'malformed',
  close: true,
};
const endless: Problem = {
  status: 400,
  detail: 'Where a request has a Transfer-Encoding, chunked comes last: nothing else says where the body ends',
  reason: 'malformed',
  close: true,
};
const otherTransferCoding: Problem = {
  status: 501,
  detail: 'The only Transfer-Encoding that is known is chunked',
  reason: 'malformed',
  close: true,
};

/** Why a request is refused by its head alone, though Node's parser took it (RFC 9112). `undefined`: nothing is wrong. */
export function refusalOfHead(req: IncomingMessage, maxHeaderBytes: number): Problem | undefined {
  if (req.httpVersionMajor !== 1) return otherVersion;
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined) {
    if (req.httpVersionMinor === 0) return chunksInHttp10;
    if (coding.toLowerCase() !== 'chunked') return /(?:^|,)\s*chunked$/i.test(coding) ? otherTransferCoding : endless;
  }
  return isHeadTooLarge(req, maxHeaderBytes) ? headersTooLarge : undefined;
}

/** Without the query, whose only bound is the parser's. Node drops fields beyond `HEADERS_MAX` and says nothing, so that many are refused. */
function isHeadTooLarge({ rawHeaders, url = '' }: IncomingMessage, maxHeaderBytes: number): boolean {
  if (rawHeaders.length >= 2 * HEADERS_MAX) return true;
  const query = url.indexOf('?');
  let bytes = query === -1 ? url.length : query;
  // Each field also has ": " and a line end, half of it for each of the two.
  for (const text of rawHeaders) bytes += text.length + 2;
  return bytes > maxHeaderBytes;
}

/**
 * Whether so much of a body may come that it costs the connection, where nobody reads it: Node would read on after the
 * answer for as long as the client sends.
 */
export function mayHaveLargeBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && Number(length) > KEEP_ALIVE_BODY_BYTES;
}

/** A body up to this size that nobody needs is read to its end and the connection kept; a larger or an unbounded one costs the connection. */
const KEEP_ALIVE_BODY_BYTES = 65_536;
