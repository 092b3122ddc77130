/**
 * - `refused`: open connections are reset, new ones refused.
 * - `black hole`: connections stay open and new ones open, but no byte passes either way.
 * - `requests lost`, `answers lost`: the same, in one direction.
 * - `half closed`: the server's side has ended; requests still go through, no answer comes.
 * - `reset mid-frame`: connections, open and new, are reset after the first few bytes of the next answer.
 * - `stalled`: what is sent on the connections open now is held until `heal`, also when its sender hangs up, and then
 *   delivered late; new connections work.
 * - `delayed`: every chunk takes 20 ms; nothing may fail.
 * - `split`: every byte is sent alone; nothing may fail.
 */
export const networkFaults = [
  'refused',
  'black hole',
  'requests lost',
  'answers lost',
  'half closed',
  'reset mid-frame',
  'stalled',
  'delayed',
  'split',
] as const;
export type NetworkFault = (typeof networkFaults)[number];

export interface NetworkFaults {
  /** From now on, for open and new connections; replaces the fault before it. */
  cause(fault: NetworkFault): Promise<void>;
  /** New connections work; what was stalled is delivered; connections that another fault hurt are reset. */
  heal(): Promise<void>;
}

export interface ServerFaults {
  /** SIGKILL to the server; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again over the same data; resolves when it answers. */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

export interface StorageFaults {
  /** From now on the server refuses what would grow (disk full, memory full, map full, blocked, read-only). */
  fill(): Promise<void>;
  free(): Promise<void>;
}
