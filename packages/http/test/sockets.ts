import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { expectProblem } from './service.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** Writes the text to a socket of its own, and answers everything that came back once the server has closed it. */
export async function converse(port: number, text: string | Buffer): Promise<string> {
  const socket = await openSocket(port);
  socket.write(text);
  return untilClosed(socket);
}

/** `localAddress`: where it comes from, any of 127.0.0.0/8. */
export function openSocket(port: number, localAddress = '127.0.0.1'): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress }, () => {
      socket.off('error', reject);
      // The server may reset it; what was read until then counts.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

export function untilClosed(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.once('close', () => resolve(text));
  });
}

/** The answers in what came over a socket, bodies delimited by their content length. */
export function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = Buffer.from(text); rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n');
    const [first = '', ...lines] = rest.subarray(0, end).toString().split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    const body = rest.subarray(end + 4, end + 4 + length).toString();
    const isJson = headers['content-type']?.includes('json') === true;
    answers.push({
      status: Number(first.split(' ')[1]),
      headers,
      text: body,
      body: isJson ? (JSON.parse(body) as Record<string, unknown>) : {},
    });
    rest = rest.subarray(end + 4 + length);
  }
  return answers;
}

/** A request's head as text. */
export function head(method: string, path: string, ...headers: readonly string[]): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
}

export function postHead(...headers: readonly string[]): string {
  return head('POST', '/events', 'Content-Type: application/json', ...headers);
}

/** One good update, posted. */
export const update = '{"product_id":"p1","price":1}';
export const postUpdate: string = postHead(`Content-Length: ${update.length}`) + update;

/** The same over a socket of its own, which is then closed. */
export function expectRawProblem(answer: RawAnswer | undefined, status: number): void {
  expect(answer?.status).to.equal(status);
  expectProblem(answer as RawAnswer, status);
  expect(answer?.headers['connection']).to.equal('close');
}
