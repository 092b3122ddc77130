import type { Caller } from './gate.ts';
import type { OperationId } from './operations.ts';
import type { Query } from './query.ts';

/** A request as a route sees it: admitted, its path and query read. */
export interface Ask {
  /** What stands in the path's `{…}`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly caller: Caller;
}

export interface Reply {
  readonly status: number;
  /** JSON unless there is a content type of its own; absent: no body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Throws an `HttpProblem`, or whatever its dependencies reject with. */
export type Route = (ask: Ask) => Reply | Promise<Reply>;

/** The operations of the hot routes, which run in front of Koa, and all others. */
export type HotOperationId = 'postEvents' | 'getProduct';
export type Routes = Readonly<Record<Exclude<OperationId, HotOperationId>, Route>>;
