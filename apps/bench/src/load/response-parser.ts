/**
 * Reads HTTP/1.1 answers off one connection as far as a load generator must: the status, and where the answer ends by its
 * `Content-Length`. Bodies are counted, not kept.
 */
export interface ResponseParser {
  /** Calls `onResponse` for each answer that these bytes complete. Throws on what it cannot read (chunked, garbage). */
  push(bytes: Buffer): void;
}

const HEAD_END = '\r\n\r\n';
const HEAD_MAX = 8192;

export function createResponseParser(onResponse: (status: number) => void): ResponseParser {
  /** The start of a head whose end has not come yet. */
  let partialHead = '';
  let bodyLeft = 0;
  let status = 0;

  /** Answers how many of these bytes belong to the head, counting the blank line. */
  function readHead(bytes: Buffer, from: number): number {
    const text = partialHead + bytes.toString('latin1', from, from + HEAD_MAX);
    const end = text.indexOf(HEAD_END);
    if (end < 0) {
      if (text.length >= HEAD_MAX) throw new Error('the head of an answer does not end');
      partialHead = text;
      return bytes.length - from;
    }
    const taken = end + HEAD_END.length - partialHead.length;
    partialHead = '';
    status = statusOf(text);
    bodyLeft = bodyLengthOf(text, end, status);
    if (bodyLeft === 0) onResponse(status);
    return taken;
  }

  return {
    push(bytes) {
      for (let at = 0; at < bytes.length;) {
        if (bodyLeft === 0) {
          at += readHead(bytes, at);
          continue;
        }
        const taken = Math.min(bodyLeft, bytes.length - at);
        bodyLeft -= taken;
        at += taken;
        if (bodyLeft === 0) onResponse(status);
      }
    },
  };
}

function statusOf(text: string): number {
  const status = text.startsWith('HTTP/1.1 ') ? Number(text.slice(9, 12)) : Number.NaN;
  if (status >= 200 && status <= 599) return status;
  throw new Error(`not an answer: ${JSON.stringify(text.slice(0, 40))}`);
}

function bodyLengthOf(text: string, end: number, status: number): number {
  if (status === 204 || status === 304) return 0;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, end + 2))?.[1];
  if (length === undefined) throw new Error('an answer without Content-Length');
  return Number(length);
}
