import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyMemory } from './body-memory.ts';
import { codingWanted, emptyBody, jsonWanted, malformed, tooLargeBody } from './body-problems.ts';
import { BodyReading, type ReadBody, type ReadingContext } from './body-reading.ts';
import { contentCodingOf, createDecode, encodedLimit } from './content-coding.ts';
import { HttpProblem, type Problem } from './problem.ts';

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
   * (`Expect: 100-continue`). What comes after a refusal is the caller's to throw away. Throws where somebody else has read it.
   */
  read(req: IncomingMessage, res: ServerResponse, limitBytes: number, done: ReadBody): void;
}

/** How many bodies are decoded at a time: the thread pool has four threads by default, and the disk needs some of them. */
const DECODING_AT_ONCE = 2;

/** `memory` bounds all bodies together. */
export function createBodyReader(memory: BodyMemory): BodyReader {
  const context: ReadingContext = { memory, decode: createDecode(DECODING_AT_ONCE), heldBytes: 0 };
  return {
    get heldBytes() {
      return context.heldBytes;
    },

    refusal: refusalOfBody,

    read(req, res, limitBytes, done) {
      if (req.readableEnded) throw new Error('a middleware has read the body, which the route has to read itself');
      if (req.headers.expect !== undefined && waitsForContinue(req)) res.writeContinue();
      const reading = new BodyReading(context, res, limitBytes, done);
      req.on('data', (chunk: Buffer) => reading.add(chunk));
      req.on('end', () => reading.end());
      // Node destroys a request whose connection ends before its body does; there is nobody left to answer.
      req.on('error', () => reading.close());
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
  return length !== undefined && Number(length) > most ? tooLargeBody(limitBytes) : undefined;
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
