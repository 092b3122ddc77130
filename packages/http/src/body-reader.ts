import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem, type Problem } from './problem.ts';

const jsonWanted: Problem = {
  status: 415,
  detail: 'The body must be application/json (in UTF-8)',
  reason: 'unsupported_media_type',
  headers: { 'accept-post': 'application/json' },
};
const identityWanted: Problem = {
  status: 415,
  detail: 'The body must not be compressed: no Content-Encoding but identity',
  reason: 'unsupported_media_type',
  headers: { 'accept-encoding': 'identity' },
};
const malformed = (detail: string): Problem => ({ status: 400, detail, reason: 'malformed' });
const emptyBody = malformed('The body is empty');

/** Whether the headers alone rule the body out: neither JSON, nor plain, or announced as larger than the limit. */
export function refusalOfBody(req: IncomingMessage, limitBytes: number): Problem | undefined {
  const { headers } = req;
  const length = headers['content-length'];
  if (headers['content-type'] !== 'application/json') {
    const nothingComes = headers['transfer-encoding'] === undefined && (length === undefined || Number(length) === 0);
    if (headers['content-type'] === undefined && nothingComes) return emptyBody;
    if (!isJson(headers['content-type'])) return jsonWanted;
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') return identityWanted;
  return length !== undefined && Number(length) > limitBytes ? tooLarge(limitBytes) : undefined;
}

/** JSON is UTF-8 (RFC 8259, 8.1): a charset may say so, but nothing else. Other parameters mean nothing. */
function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  const [type, ...parameters] = contentType.toLowerCase().split(';');
  if (type?.trim() !== 'application/json') return false;
  return parameters.every((parameter) => {
    const [name, value] = parameter.split('=');
    return name?.trim() !== 'charset' || /^\s*"?utf-?8"?\s*$/.test(value ?? '');
  });
}

function tooLarge(limitBytes: number): Problem {
  return { status: 413, detail: `The body is larger than ${limitBytes} bytes`, reason: 'too_large', close: true };
}

/** What came of reading a body: its bytes, a refusal, or nothing, because the client went away. */
export type ReadBody = (body: Buffer | Problem | undefined) => void;

/**
 * Reads a body of at most `limitBytes`, then calls `done` once. Asks for the body first where the client waits for that
 * (`Expect: 100-continue`). What comes after a refusal is the caller's to throw away.
 */
export function readBody(req: IncomingMessage, res: ServerResponse, limitBytes: number, done: ReadBody): void {
  if (req.headers.expect !== undefined) res.writeContinue();
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let size = 0;
  let finished = false;
  const finish = (body: Buffer | Problem | undefined): void => {
    if (finished) return;
    finished = true;
    done(body);
  };
  req.on('data', (chunk: Buffer) => {
    if (finished) return;
    size += chunk.length;
    if (size > limitBytes) {
      first = more = undefined;
      finish(tooLarge(limitBytes));
    } else if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  });
  req.on('end', () => {
    const body = more === undefined ? first : Buffer.concat(more, size);
    // The request lives until it is answered, and would keep them.
    first = more = undefined;
    finish(body ?? emptyBody);
  });
  // Node destroys a request whose connection ends before its body does; there is nobody left to answer.
  req.on('error', () => finish(undefined));
}

/** The JSON in a body. Throws an `HttpProblem` for what is not strictly UTF-8, has a byte order mark, or does not parse. */
export function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new HttpProblem(malformed('The body is not valid UTF-8'));
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    throw new HttpProblem(malformed('The body begins with a byte order mark, which JSON must not have'));
  }
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HttpProblem(malformed(`The body is not valid JSON: ${why}`), { cause: error });
  }
}
