import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const ignored = (): void => undefined;

/**
 * Goes on in HTTP/1.1 where a client offers another protocol, as RFC 9110, 7.8 allows. Node's parser stops behind such a
 * request, and what the client has already sent behind it would be dropped. So the connection is begun again: with the same
 * request, but without its `Upgrade`, and the rest. Node hands over only those that `shouldUpgradeCallback` lets pass.
 */
export function ignoreUpgrades(server: Server, answerOn: (socket: Socket) => ServerResponse | undefined): void {
  server.on('upgrade', (req: IncomingMessage, stream, rest: Buffer) => {
    const socket = stream as Socket;
    // Node has taken its own listeners away: nothing may be read, or it would be lost, and an error would be thrown.
    const hold = (): Socket => socket.pause();
    socket.on('error', ignored).on('resume', hold).pause();
    const goOn = (): void => {
      if (socket.destroyed) return;
      socket.off('error', ignored).off('resume', hold);
      socket.unshift(Buffer.concat([headWithoutUpgrade(req), rest]));
      server.emit('connection', socket);
      socket.resume();
    };
    const earlier = answerOn(socket);
    if (earlier === undefined || earlier.writableFinished) goOn();
    else earlier.once('finish', goOn);
  });
}

/** Whether Node's parser stops behind it. Only those with a body get here: they are answered as they are, and the connection ends. */
export function isUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && /\bupgrade\b/i.test(headers.connection ?? '');
}

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.toLowerCase() !== 'upgrade') head += `${name}: ${rawHeaders[at + 1] ?? ''}\r\n`;
  }
  return Buffer.from(`${head}\r\n`, 'latin1');
}
