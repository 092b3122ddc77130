/** Takes a line; `dropped` is called where it cannot be written, now or later. */
export type WriteLine = (line: string, dropped: () => void) => void;

/** What is used of a stream of the process. */
export interface OutputStream {
  on(event: 'error', listener: () => void): unknown;
  write(line: string, done: (error?: Error | null) => void): unknown;
  readonly writableLength: number;
}

/**
 * How many bytes wait at most for a slow reader. At `debug` an array of 10,000 updates makes about 2 MB of lines at once,
 * which a reader in good health must be given time for.
 */
const WAITING_MAX = 16 * 1024 * 1024;

/**
 * Lines to a stream of the process, which never wait. Node writes to a pipe, a socket or a file before the call returns
 * as far as they take it; what a reader has no room for yet waits here, in order, up to a bound.
 */
export function createOutput(stream: OutputStream, waitingMax: number = WAITING_MAX): WriteLine {
  // Each write is told of its own failure. Without a listener the event would end the process.
  stream.on('error', () => {});
  unblockTerminal(stream);
  return (line, dropped) => {
    if (stream.writableLength > waitingMax) {
      dropped();
      return;
    }
    stream.write(line, (error) => {
      if (error !== undefined && error !== null) dropped();
    });
  };
}

let standardOutput: WriteLine | undefined;

/** One for the process, however many logs write to it. */
export function writeToStandardOutput(line: string, dropped: () => void): void {
  standardOutput ??= createOutput(process.stdout);
  standardOutput(line, dropped);
}

/** A terminal is the one stream that Node lets block the event loop: Ctrl-S would stop the service. */
function unblockTerminal(stream: OutputStream): void {
  const { isTTY, _handle: handle } = stream as {
    isTTY?: boolean;
    _handle?: { setBlocking?: (blocking: boolean) => void };
  };
  if (isTTY === true) handle?.setBlocking?.(false);
}
