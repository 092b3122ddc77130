import { expect } from 'chai';
import { createResponseParser } from '../src/load/response-parser.ts';

const accepted =
  'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"a":"\r\n\r\n."}';
const empty = 'HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n';
const noContent = 'HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n';

function statusesOf(chunks: readonly string[]): number[] {
  const statuses: number[] = [];
  const parser = createResponseParser((status) => statuses.push(status));
  for (const chunk of chunks) parser.push(Buffer.from(chunk, 'latin1'));
  return statuses;
}

describe('createResponseParser', () => {
  it('reads one answer, whatever its body looks like', () => {
    expect(statusesOf([accepted])).to.deep.equal([202]);
  });

  it('reads answers that come together', () => {
    expect(statusesOf([accepted + empty + noContent + accepted])).to.deep.equal([202, 200, 204, 202]);
  });

  it('reads answers cut into two at every byte', () => {
    const text = accepted + noContent + accepted + empty;
    for (let at = 0; at <= text.length; at += 1) {
      expect(statusesOf([text.slice(0, at), text.slice(at)]), `cut at ${at}`).to.deep.equal([202, 204, 202, 200]);
    }
  });

  it('reads answers byte by byte', () => {
    expect(statusesOf((accepted + empty).split(''))).to.deep.equal([202, 200]);
  });

  it('says nothing before the body is complete', () => {
    expect(statusesOf([accepted.slice(0, -1)])).to.deep.equal([]);
  });

  it('throws on what is not an answer', () => {
    expect(() => statusesOf(['SSH-2.0-server\r\n\r\n'])).to.throw('not an answer');
  });

  it('throws on an answer whose length it cannot know', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(() => statusesOf([chunked])).to.throw('without Content-Length');
  });

  it('throws on a head without an end', () => {
    expect(() => statusesOf([`HTTP/1.1 200 OK\r\n${'x'.repeat(10_000)}`])).to.throw('does not end');
  });
});
