import type { Socket } from 'node:net';

/** Calls `take` with each whole line; by `\n` alone, for JSON may hold other line ends. What is cut off is dropped. */
export function takeLines(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
}
