import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BodyMemory, HeldBody } from './body-memory.ts';
import { contentCodingOf, createDecode, encodedLimit, knownCodings, type ContentCoding } from './content-coding.ts';
import { HttpProblem, tooManyBodies, type Problem } from './problem.ts';

const jsonWanted: Problem = {
  status: 415,
  detail: 'The body must be application/json (in UTF-8)',
  reason: 'unsupported_media_type',
  headers: { 'accept-post': 'application/json' },
};
const codingWanted: Problem = {
  status: 415,
  detail: `The body may have one of these content codings: ${knownCodings}`,
  reason: 'unsupported_media_type',
  headers: { 'accept-encoding': knownCodings },
};
const malformed = (detail: string): Problem => ({ status: 400, detail, reason: 'malformed' });
const corrupt = malformed('The body is not what its Content-Encoding says: corrupt, cut off, or more behind its end');
/** A body was read to its end, and there was nothing in it. */
export const emptyBody: Problem = malformed('The body is empty');

function tooLarge(limitBytes: number): Problem {
  return { status: 413, detail: `The body is larger than ${limitBytes} bytes`, reason: 'too_large', close: true };
}

/** What came of reading a body: its bytes, decoded, or a refusal, or nothing, because the client went away. */
export type ReadBody = (body: Buffer | Problem | undefined) => void;

/** The one way in for bodies. It takes JSON in UTF-8 only, compressed or not; its limits count decoded bytes. */
export interface BodyReader {
  /**
   * How many bytes of bodies it holds: each from its arrival until the `done` of its body has returned. Those that are just
   * being decoded are not among them: at most twice the limit of a body.
   */
  readonly heldBytes: number;
  /** Whether the headers alone rule the body out: neither JSON, nor in a known coding, or announced as larger than the limit. */
  refusal(req: IncomingMessage, limitBytes: number): Problem | undefined;
  /**
   * Reads a body that `refusal` let pass, then calls `done` once. Asks for it first where the client waits for that
   * (`Expect: 100-continue`). What comes after a refusal is the caller's to throw away.
   */
  read(req: IncomingMessage, res: ServerResponse, limitBytes: number, done: ReadBody): void;
}

/** How many bodies are decoded at a time: the thread pool has four threads by default, and the disk needs some of them. */
const DECODING_AT_ONCE = 2;

/** `memory` bounds all bodies together. */
export function createBodyReader(memory: BodyMemory): BodyReader {
  const decode = createDecode(DECODING_AT_ONCE);
  let heldBytes = 0;

  function decodeBody(encoded: Buffer, how: { coding: ContentCoding; limitBytes: number }, done: ReadBody): () => void {
    return decode(encoded, how, (decoded) => {
      if (decoded === 'too large') return done(tooLarge(how.limitBytes));
      if (decoded === 'corrupt') return done(corrupt);
      heldBytes += decoded.length;
      done(decoded.length === 0 ? emptyBody : decoded);
      heldBytes -= decoded.length;
    });
  }

  return {
    get heldBytes() {
      return heldBytes;
    },

    refusal: refusalOfBody,

    read(req, res, limitBytes, done) {
      if (req.headers.expect !== undefined && waitsForContinue(req)) res.writeContinue();
      const coding = contentCodingOf(req.headers['content-encoding']) ?? 'identity';
      const most = coding === 'identity' ? limitBytes : encodedLimit(limitBytes);
      const announced = coding === 'identity' ? Number(req.headers['content-length']) : Number.NaN;
      let first: Buffer | undefined;
      let more: Buffer[] | undefined;
      let size = 0;
      let [reading, finished] = [true, false];
      let cancelDecoding = (): void => {};
      const finish: ReadBody = (body) => {
        if (finished) return;
        finished = true;
        reading = false;
        cancelDecoding();
        // The request lives until it is answered, and would keep them.
        first = more = undefined;
        held.release();
        done(body);
        heldBytes -= size;
      };
      const onClose = (): void => {
        if (reading) finish(undefined);
      };
      const held = holdWhileOpen(memory, req.socket, () => finish(tooManyBodies), onClose);
      req.on('data', (chunk: Buffer) => {
        if (!reading) return;
        size += chunk.length;
        heldBytes += chunk.length;
        if (size > most) return finish(tooLarge(limitBytes));
        if (first === undefined) first = chunk;
        else if (more === undefined) more = [first, chunk];
        else more.push(chunk);
        // What is complete is parsed and let go at once.
        if (size !== announced) held.add(chunk.length);
      });
      req.on('end', () => {
        if (!reading) return;
        const body = more === undefined ? first : Buffer.concat(more, size);
        if (coding === 'identity' || body === undefined) return finish(body ?? emptyBody);
        reading = false;
        first = more = undefined;
        cancelDecoding = decodeBody(body, { coding, limitBytes }, finish);
      });
      // Node destroys a request whose connection ends before its body does; there is nobody left to answer.
      req.on('error', onClose);
    },
  };
}

/** Opened with the first bytes: most bodies are complete when they come. */
function holdWhileOpen(memory: BodyMemory, socket: Socket, onRefused: () => void, onClose: () => void): HeldBody {
  let held: HeldBody | undefined;
  return {
    add(bytes) {
      if (held === undefined) {
        held = memory.open(onRefused);
        // Where the request was answered before its end, Node says nothing else of it.
        socket.once('close', onClose);
      }
      held.add(bytes);
    },
    release() {
      if (held === undefined) return;
      socket.off('close', onClose);
      held.release();
    },
  };
}

function refusalOfBody(req: IncomingMessage, limitBytes: number): Problem | undefined {
  const { headers } = req;
  if (headers['content-type'] !== 'application/json') {
    if (headers['content-type'] === undefined && !hasBody(req)) return emptyBody;
    if (!isJson(headers['content-type'])) return jsonWanted;
  }
  const coding = contentCodingOf(headers['content-encoding']);
  if (coding === undefined) return codingWanted;
  const length = headers['content-length'];
  const most = coding === 'identity' ? limitBytes : encodedLimit(limitBytes);
  return length !== undefined && Number(length) > most ? tooLarge(limitBytes) : undefined;
}

/** Whether the headers announce a body; what comes in chunks may still be empty. */
export function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && Number(length) > 0;
}

/** HTTP/1.0 knows no interim answers (RFC 9110, 10.1.1), and where nothing comes there is nothing to wait for. */
function waitsForContinue(req: IncomingMessage): boolean {
  return req.httpVersionMinor > 0 && hasBody(req);
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

/** Throws an `HttpProblem` for a body that is not strictly UTF-8 or has a byte order mark. */
export function checkText(body: Buffer): void {
  if (!isUtf8(body)) throw new HttpProblem(malformed('The body is not valid UTF-8'));
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    throw new HttpProblem(malformed('The body begins with a byte order mark, which JSON must not have'));
  }
}

export function invalidJson(error: unknown): Problem {
  return malformed(`The body is not valid JSON: ${error instanceof Error ? error.message : String(error)}`);
}
