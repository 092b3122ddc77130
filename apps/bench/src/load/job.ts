import type { CaseName } from './cases.ts';

/** What the generator is told to do. It travels to the child process: plain values only. */
export interface LoadJob {
  readonly port: number;
  readonly case: CaseName;
  /** Keep-alive connections, each with one request on its way at a time. */
  readonly connections: number;
  /** Loopback addresses that the connections come from (127.0.0.1, 127.0.0.2, …): a server bounds what one may open. */
  readonly addresses: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Statuses that are counted besides the expected one; any other ends the job with an error. */
  readonly tolerated: readonly number[];
  /** How long a connection waits after a tolerated answer, as one does who was told to come again later; at once unless given. */
  readonly pauseMs?: number;
  /** Whether a connection that the server closes is opened again; otherwise it ends the job with an error. */
  readonly reconnect: boolean;
}

/** Latencies of the answers with one status, in milliseconds. */
export interface StatusResult {
  readonly count: number;
  readonly updates: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadResult {
  readonly seconds: number;
  readonly requests: number;
  /** By status; those that came. */
  readonly statuses: Readonly<Record<string, StatusResult>>;
  /** Share of one core that the generator itself used: near 1 it measured itself. */
  readonly generatorCpu: number;
  readonly reconnects: number;
}

/** From the generator to its parent. */
export type GeneratorMessage =
  | { readonly type: 'measuring' }
  | { readonly type: 'done'; readonly result: LoadResult }
  | { readonly type: 'failed'; readonly error: string };
